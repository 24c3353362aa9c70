package keyspace

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// A cell's key is
//
//	SpaceData ‖ namespace ‖ slot u16 ‖ escaped user key ‖ kind ‖ member or field
//
// or, in an index of scores, score ‖ member; an element of a list is named by its position, an entry of a stream
// by its id. The namespace is a u32, 0 for the default one; for others 1, and the name behind its length u8.
//
// The user key is escaped so that cells sort by user key: 00 becomes 00 FF, and
// 00 01 ends it. docs/formats/keys.md has the map.
const (
	kindHeader       = 0x00
	kindCount        = 0x01 // local: number of visible members
	kindFieldCount   = 0x02 // local: number of visible fields
	kindScoreCount   = 0x03 // local: number of visible members of a sorted set
	kindItemCount    = 0x04 // local: number of visible elements of a list
	kindEntryCount   = 0x05 // local: number of visible cells of a stream
	kindBoundedCount = 0x06 // local: number of cells of a bounded counter
	kindSketchCount  = 0x07 // local: number of cells of a HyperLogLog
	kindGroupCount   = 0x08 // local: number of visible cells of the groups of a stream
	kindField        = 0x20
	kindFieldEnd     = 0x21 // local: fields of a hash by when they end, see fieldends.go
	kindFieldEndFrom = 0x22 // local: the time before which no field of the hash stands in that index
	kindMember       = 0x30
	kindScore        = 0x40
	kindIndex        = 0x41 // local: members of a sorted set by score, see index.go
	kindItem         = 0x50
	kindGroup        = 0x58 // a cell of a group of a stream, see crdt.GroupName
	kindLate         = 0x59 // local: entries that are to be delivered to a group although others behind them were, see late.go
	kindEntry        = 0x60 // an entry of a stream, or its mark
	kindSketch       = 0x70 // a register of a HyperLogLog
	kindBounded      = 0x80 // a bounded counter's definition, or an account of it
)

// isElement tells whether cells of a kind are elements of a collection.
func isElement(kind byte) bool { return kind == kindMember || isField(kind) }

// isField tells whether cells of a kind hold a crdt.Field.
func isField(kind byte) bool {
	switch kind {
	case kindField, kindScore, kindItem, kindEntry, kindBounded, kindSketch, kindGroup:
		return true
	default:
		return false
	}
}

// fieldKind returns the kind of the elements of a collection that is no set.
func fieldKind(t crdt.Type) byte {
	switch t {
	case crdt.TypeZSet:
		return kindScore
	case crdt.TypeList:
		return kindItem
	case crdt.TypeStream:
		return kindEntry
	case crdt.TypeBounded:
		return kindBounded
	case crdt.TypeSketch:
		return kindSketch
	case crdt.TypeGroups:
		return kindGroup
	default:
		return kindField
	}
}

// fieldType is the inverse of fieldKind.
func fieldType(kind byte) crdt.Type {
	switch kind {
	case kindScore:
		return crdt.TypeZSet
	case kindItem:
		return crdt.TypeList
	case kindEntry:
		return crdt.TypeStream
	case kindBounded:
		return crdt.TypeBounded
	case kindSketch:
		return crdt.TypeSketch
	case kindGroup:
		return crdt.TypeGroups
	default:
		return crdt.TypeHash
	}
}

// countKind returns the kind of the cell that counts the elements of a collection.
func countKind(t crdt.Type) byte {
	switch t {
	case crdt.TypeHash:
		return kindFieldCount
	case crdt.TypeZSet:
		return kindScoreCount
	case crdt.TypeList:
		return kindItemCount
	case crdt.TypeStream:
		return kindEntryCount
	case crdt.TypeBounded:
		return kindBoundedCount
	case crdt.TypeSketch:
		return kindSketchCount
	case crdt.TypeGroups:
		return kindGroupCount
	default:
		return kindCount
	}
}

var errKey = errors.New("malformed cell key")

// What stands behind the space: 0 in the default namespace, spaceNamed and the name in others.
const spaceNamed = 1

// A key, here and everywhere below the doors, is a full key: it tells its namespace. See package namespace.

// slotPrefix begins the keys of the cells of a slot of a namespace.
func slotPrefix(space byte, name []byte, slot uint16) []byte {
	return appendSlotPrefix(make([]byte, 0, 64), space, name, slot)
}

func appendSlotPrefix(b []byte, space byte, name []byte, slot uint16) []byte {
	b = append(b, space)
	if len(name) == 0 {
		b = append(b, 0, 0, 0, 0)
	} else {
		b = append(b, 0, 0, 0, spaceNamed, byte(len(name)))
		b = append(b, name...)
	}
	return binary.BigEndian.AppendUint16(b, slot)
}

func appendEscaped(b, key []byte) []byte {
	for _, c := range key {
		if b = append(b, c); c == 0 {
			b = append(b, 0xff)
		}
	}
	return b
}

// keyPrefix begins the keys of all cells of a key.
func keyPrefix(space byte, key []byte) []byte {
	return appendKeyPrefix(make([]byte, 0, 64), space, key)
}

func appendKeyPrefix(b []byte, space byte, key []byte) []byte {
	name, user := namespace.Cut(key)
	return append(appendEscaped(appendSlotPrefix(b, space, name, SlotOf(user)), user), 0, 1)
}

// appendCellKey appends the key of a cell; name is that of an element, if it is one.
func appendCellKey(b, key []byte, kind byte, name []byte) []byte {
	return append(append(appendKeyPrefix(b, store.SpaceData, key), kind), name...)
}

// cellKey is appendCellKey to nothing.
func cellKey(key []byte, kind byte, name []byte) []byte {
	return appendCellKey(make([]byte, 0, 64), key, kind, name)
}

func headerKey(key []byte) []byte { return cellKey(key, kindHeader, nil) }

func countKey(key []byte, t crdt.Type) []byte { return cellKey(key, countKind(t), nil) }

// fieldKey is the cell of an element of a collection that is no set.
func fieldKey(key []byte, t crdt.Type, name []byte) []byte { return cellKey(key, fieldKind(t), name) }

func memberKey(key, member []byte) []byte { return cellKey(key, kindMember, member) }

func sweepKey(key []byte) []byte { return keyPrefix(store.SpaceSweep, key) }

// sweepFieldKey queues one element of a hash or a sorted set, whose floors wait to be settled.
func sweepFieldKey(key []byte, t crdt.Type, name []byte) []byte {
	return append(append(sweepKey(key), fieldKind(t)), name...)
}

// elementRange bounds the cells of the members or fields of a key, from one on.
func elementRange(key []byte, kind byte, from []byte) (lo, hi []byte) {
	lo = append(append(keyPrefix(store.SpaceData, key), kind), from...)
	hi = append(keyPrefix(store.SpaceData, key), kind+1)
	return lo, hi
}

// originKey is where a shard remembers which node declared an origin.
func originKey(s store.ShardID, o clock.Origin) []byte {
	b := binary.BigEndian.AppendUint32([]byte{store.SpaceOrigin}, uint32(s))
	return binary.BigEndian.AppendUint64(b, uint64(o))
}

// transferKey is where a shard keeps how far a transfer has come: part 0 what changes
// with each chunk, part 1 what the donors held.
func transferKey(s store.ShardID, part byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{store.SpaceTransfer}, uint32(s)), part)
}

// keyEnd lies after all cells of a key and before those of the next.
func keyEnd(key []byte) []byte {
	return append(keyPrefix(store.SpaceData, key), 0xff)
}

// dataRange bounds the cells after one and up to another; nil bounds are the begin and
// the end of all cells.
func dataRange(after, upTo []byte) (lo, hi []byte) {
	lo, hi = []byte{store.SpaceData}, []byte{store.SpaceData + 1}
	if after != nil {
		lo = append(bytes.Clone(after), 0)
	}
	if upTo != nil && upTo[0] == store.SpaceData {
		hi = append(bytes.Clone(upTo), 0)
	}
	return lo, hi
}

// slotRange bounds everything of some slots of a namespace, from one to another.
func slotRange(space byte, name []byte, first, last uint16) (lo, hi []byte) {
	return slotPrefix(space, name, first), slotPrefix(space, name, last+1)
}

// slotAt returns where the slot stands in the key of a cell or of the sweep queue; 0 where there is none.
func slotAt(cell []byte) int {
	if len(cell) < slotAtDefault+2 || cell[1]|cell[2]|cell[3] != 0 || cell[4] > spaceNamed {
		return 0
	}
	if cell[4] == 0 {
		return slotAtDefault
	}
	at := nameAt + int(cell[nameAt-1])
	if at == nameAt || len(cell) < at+2 {
		return 0
	}
	return at
}

const (
	slotAtDefault = 1 + 4
	nameAt        = 1 + 4 + 1 // of a name, behind its length
)

// userAt returns where the escaped user key stands in the key of a cell; 0 where there is none.
func userAt(cell []byte) int {
	at := slotAt(cell)
	if at == 0 {
		return 0
	}
	return at + 2
}

// splitKey takes a cell key or sweep key apart. The key is a copy; rest is what
// follows it.
func splitKey(cell []byte) (slot uint16, key, rest []byte, err error) {
	at := slotAt(cell)
	if at == 0 || len(cell) < at+2+2 {
		return 0, nil, nil, errKey
	}
	slot = binary.BigEndian.Uint16(cell[at:])
	b := cell[at+2:]
	var name []byte
	if at > slotAtDefault {
		if name = cell[nameAt:at]; !namespace.Valid(name) {
			return 0, nil, nil, errKey
		}
	}
	key = namespace.AppendHead(make([]byte, 0, len(name)+len(b)), name, b)
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 >= len(b) {
			return 0, nil, nil, errKey
		}
		key = append(key, b[:i]...)
		switch b[i+1] {
		case 0x01:
			return slot, key, b[i+2:], nil
		case 0xff:
			key = append(key, 0)
		default:
			return 0, nil, nil, errKey
		}
		b = b[i+2:]
	}
}

// stands tells whether the key of a cell is where its parts say.
func stands(cell, key []byte) bool { return bytes.HasPrefix(cell, keyPrefix(store.SpaceData, key)) }
