package keyspace

import (
	"encoding/binary"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// cells reads decoded cells at some point in time: the open batch over the latest
// state in the commit loop, a snapshot for readers.
type cells interface {
	header(key []byte) (crdt.Header, error)
	member(key, member []byte) (crdt.Member, error)
	// field returns an element of a hash or a sorted set without what hidden covers, folded.
	field(key []byte, t crdt.Type, name []byte, hidden clock.VersionVector) (crdt.Field, error)
	// count returns how many elements of a collection are visible; ok is false when that
	// is not known.
	count(key []byte, t crdt.Type) (n int64, ok bool, err error)
	// members calls fn for the member cells of key from the given one on, in byte order,
	// hidden ones included, until it returns false.
	members(key, from []byte, fn func(name []byte, m crdt.Member) bool) error
	// fields calls fn for the elements of a hash or a sorted set from the given one on, as
	// field returns them, in byte order, until it returns false. Slices are valid during the
	// call only.
	fields(key []byte, t crdt.Type, from []byte, hidden clock.VersionVector, fn func(name []byte, f crdt.Field) bool) error
	// items calls fn for the elements of a list or a stream from one position on, in order or back, until it
	// returns false; nil begins at the end. Slices are valid during the call only.
	items(key []byte, w itemWalk, fn func(at []byte, f crdt.Field) bool) error
	// index calls fn for the places in the index of scores of key in [lo, hi), in order or
	// back, until it returns false. Slices are valid during the call only.
	index(key []byte, r indexRange, fn func(place []byte) bool) error
	// ends calls fn for the fields of the hash at key that stand in the index of what ends up to a time in Unix
	// milliseconds, the soonest first, until it returns false. Names are valid during the call only.
	ends(key []byte, upTo int64, fn func(at int64, name []byte) bool) error
	// raw gives the store below, without the open batch.
	raw() store.Reader
	// endings are the origins that have ended: vectors in cells name fewer origins than they cover.
	endings() *clock.Retired
	// declared returns the node that declared an origin.
	declared(o clock.Origin) (crdt.Declaration, error)
}

// stored reads cells from a store.
type stored struct {
	src   store.Reader
	shard store.ShardID
	// retired explains vectors in cells that name fewer origins than they cover.
	retired *clock.Retired
	// folded tells which origins writers see folded: see crdt.Header.Apply.
	folded crdt.Folded
	// named: there may be cells of other namespaces than the default one.
	named bool
}

func (s stored) raw() store.Reader { return s.src }

func (s stored) endings() *clock.Retired { return s.retired }

func (s stored) header(key []byte) (crdt.Header, error) { return s.headerAt(headerKey(key), key) }

// headerAt is header where the cell's key is known; likewise the others.
func (s stored) headerAt(at, key []byte) (crdt.Header, error) {
	b, err := s.src.Get(at)
	if err != nil || b == nil {
		return crdt.Header{}, err
	}
	h, err := decodeHeader(key, b)
	h.Hidden = h.Hidden.Carry(s.retired)
	h.Counter.Fold(s.folded)
	return h, err
}

func decodeHeader(key, b []byte) (crdt.Header, error) {
	h, err := crdt.DecodeHeader(b)
	if err != nil {
		return crdt.Header{}, fmt.Errorf("%w: header of %.64q: %w", ErrDamaged, key, err)
	}
	return h, nil
}

func (s stored) member(key, member []byte) (crdt.Member, error) {
	return s.memberAt(memberKey(key, member), key)
}

func (s stored) memberAt(at, key []byte) (crdt.Member, error) {
	b, err := s.src.Get(at)
	if err != nil || b == nil {
		return crdt.Member{}, err
	}
	return decodeMember(key, b)
}

func decodeMember(key, b []byte) (crdt.Member, error) {
	m, err := crdt.DecodeMember(b)
	if err != nil {
		return crdt.Member{}, fmt.Errorf("%w: member of %.64q: %w", ErrDamaged, key, err)
	}
	return m, nil
}

func (s stored) field(key []byte, t crdt.Type, name []byte, hidden clock.VersionVector) (crdt.Field, error) {
	f, err := s.fieldAt(fieldKey(key, t, name), key, t)
	return s.open(f, hidden), err
}

// fieldAt returns a field as it is stored.
func (s stored) fieldAt(at, key []byte, t crdt.Type) (crdt.Field, error) {
	b, err := s.src.Get(at)
	if err != nil || b == nil {
		return crdt.Field{}, err
	}
	return decodeField(key, t, b)
}

// open returns a field without what hidden covers, folded.
func (s stored) open(f crdt.Field, hidden clock.VersionVector) crdt.Field {
	f.Hide(hidden)
	f.Counter.Fold(s.folded)
	return f
}

func decodeField(key []byte, t crdt.Type, b []byte) (f crdt.Field, err error) {
	switch t {
	case crdt.TypeZSet:
		f, err = crdt.DecodeScore(b)
	case crdt.TypeList:
		f, err = crdt.DecodeItem(b)
	case crdt.TypeStream:
		f, err = crdt.DecodeEntry(b)
	case crdt.TypeBounded:
		f, err = crdt.DecodeAccount(b)
	case crdt.TypeSketch:
		f, err = crdt.DecodeSketch(b)
	case crdt.TypeGroups:
		f, err = crdt.DecodeGroup(b)
	default:
		f, err = crdt.DecodeField(b)
	}
	if err != nil {
		return crdt.Field{}, fmt.Errorf("%w: element of the %v %.64q: %w", ErrDamaged, t, key, err)
	}
	return f, nil
}

// decodeNamed is decodeField for a cell whose name may be none.
func decodeNamed(key []byte, t crdt.Type, name, b []byte) (f crdt.Field, err error) {
	if err := crdt.CheckName(t, name); err != nil {
		return f, fmt.Errorf("%w: element of the %v %.64q: %w", ErrDamaged, t, key, err)
	}
	return decodeField(key, t, b)
}

func (s stored) count(key []byte, t crdt.Type) (int64, bool, error) {
	return s.countAt(countKey(key, t), key)
}

func (s stored) countAt(at, key []byte) (int64, bool, error) {
	b, err := s.src.Get(at)
	if err != nil {
		return 0, false, err
	}
	c, err := decodeCount(key, b)
	return c.n, !c.unknown, err
}

func (s stored) members(key, from []byte, fn func([]byte, crdt.Member) bool) error {
	return s.elements(key, kindMember, from, func(name []byte, c *cell) bool { return fn(name, *c.member) })
}

func (s stored) fields(key []byte, t crdt.Type, from []byte, hidden clock.VersionVector, fn func([]byte, crdt.Field) bool) error {
	return s.elements(key, fieldKind(t), from, func(name []byte, c *cell) bool { return fn(name, s.open(*c.field, hidden)) })
}

// elements calls fn for the cells of a kind from the given one on until it returns false.
func (s stored) elements(key []byte, kind byte, from []byte, fn func(name []byte, c *cell) bool) error {
	lo, hi := elementRange(key, kind, from)
	prefix := len(lo) - len(from)
	return scan(s.src, lo, hi, func(at, value []byte) (bool, error) {
		c, err := decodeElement(key, kind, value)
		return err == nil && fn(at[prefix:], c), err
	})
}

// decodeElement decodes a member or a field.
func decodeElement(key []byte, kind byte, value []byte) (*cell, error) {
	if isField(kind) {
		f, err := decodeField(key, fieldType(kind), value)
		return &cell{field: &f}, err
	}
	m, err := decodeMember(key, value)
	return &cell{member: &m}, err
}

func (s stored) declared(o clock.Origin) (crdt.Declaration, error) {
	b, err := s.src.Get(originKey(s.shard, o))
	if err != nil || b == nil {
		return crdt.Declaration{}, err
	}
	u, err := crdt.DecodeUpdate(b)
	if err != nil || u.Declare == nil {
		return crdt.Declaration{}, fmt.Errorf("%w: declaration of %v", ErrDamaged, o)
	}
	return *u.Declare, nil
}

// scan calls fn for the keys in [lo, hi) until it returns false. Slices are valid
// during the call only.
func scan(r store.Reader, lo, hi []byte, fn func(key, value []byte) (bool, error)) (err error) {
	it, err := r.Iterate(lo, hi)
	if err != nil {
		return err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		if more, err := fn(it.Key(), it.Value()); err != nil || !more {
			return err
		}
	}
	return it.Error()
}

// count is the local cell that keeps how many elements of a collection are visible.
// Absent means none.
type count struct {
	n int64
	// unknown is set after a remote deletion hid an unknown part of the elements.
	unknown bool
}

const countUnknown = 0xff

func decodeCount(key, b []byte) (count, error) {
	switch {
	case b == nil:
		return count{}, nil
	case len(b) == 1 && b[0] == countUnknown:
		return count{unknown: true}, nil
	}
	v, rest, err := clock.Uvarint(b)
	if err != nil || len(rest) > 0 || v == 0 || v > 1<<62 {
		return count{}, fmt.Errorf("%w: member count of %.64q", ErrDamaged, key)
	}
	return count{n: int64(v)}, nil
}

// encode returns the cell's bytes, nil when it is to be absent.
func (c count) encode() []byte {
	switch {
	case c.unknown:
		return []byte{countUnknown}
	case c.n <= 0:
		return nil
	default:
		return binary.AppendUvarint(nil, uint64(c.n))
	}
}
