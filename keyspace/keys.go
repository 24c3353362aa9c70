package keyspace

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// A cell's key is
//
//	SpaceData ‖ namespace u32 ‖ slot u16 ‖ escaped user key ‖ kind ‖ member
//
// The user key is escaped so that cells sort by user key: 00 becomes 00 FF, and
// 00 01 ends it. docs/formats/keys.md has the map.
const (
	kindHeader = 0x00
	kindCount  = 0x01 // local: number of visible members
	kindMember = 0x30
)

// namespaceID numbers namespaces.
type namespaceID uint32

var errKey = errors.New("malformed cell key")

func slotPrefix(space byte, ns namespaceID, slot uint16) []byte {
	b := make([]byte, 0, 64)
	b = append(b, space)
	b = binary.BigEndian.AppendUint32(b, uint32(ns))
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

// keyPrefix begins the keys of all cells of a user key.
func keyPrefix(space byte, ns namespaceID, key []byte) []byte {
	return append(appendEscaped(slotPrefix(space, ns, SlotOf(key)), key), 0, 1)
}

func headerKey(ns namespaceID, key []byte) []byte {
	return append(keyPrefix(store.SpaceData, ns, key), kindHeader)
}

func countKey(ns namespaceID, key []byte) []byte {
	return append(keyPrefix(store.SpaceData, ns, key), kindCount)
}

func memberKey(ns namespaceID, key, member []byte) []byte {
	return append(append(keyPrefix(store.SpaceData, ns, key), kindMember), member...)
}

func sweepKey(ns namespaceID, key []byte) []byte { return keyPrefix(store.SpaceSweep, ns, key) }

// memberRange bounds the member cells of a key, from member on.
func memberRange(ns namespaceID, key, from []byte) (lo, hi []byte) {
	lo = memberKey(ns, key, from)
	hi = append(keyPrefix(store.SpaceData, ns, key), kindMember+1)
	return lo, hi
}

// originKey is where a shard remembers which node declared an origin.
func originKey(s store.ShardID, o clock.Origin) []byte {
	b := binary.BigEndian.AppendUint32([]byte{store.SpaceOrigin}, uint32(s))
	return binary.BigEndian.AppendUint64(b, uint64(o))
}

// slotRange bounds everything of one slot.
func slotRange(space byte, ns namespaceID, slot uint16) (lo, hi []byte) {
	return slotPrefix(space, ns, slot), slotPrefix(space, ns, slot+1)
}

const slotPrefixBytes = 1 + 4 + 2

// splitKey takes a cell key or sweep key apart. The user key is a copy; rest is what
// follows it.
func splitKey(cell []byte) (slot uint16, key, rest []byte, err error) {
	if len(cell) < slotPrefixBytes+2 {
		return 0, nil, nil, errKey
	}
	slot = binary.BigEndian.Uint16(cell[5:])
	b := cell[slotPrefixBytes:]
	key = make([]byte, 0, len(b))
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
