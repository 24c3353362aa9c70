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
	// count returns how many members are visible; ok is false when that is not known.
	count(key []byte) (n int64, ok bool, err error)
	// members calls fn for the member cells of key from the given one on, in byte order,
	// hidden ones included, until it returns false.
	members(key, from []byte, fn func(name []byte, m crdt.Member) bool) error
	// raw gives the store below, without the open batch.
	raw() store.Reader
	// declared returns the node that declared an origin.
	declared(o clock.Origin) (crdt.Declaration, error)
}

// stored reads cells from a store.
type stored struct {
	src   store.Reader
	shard store.ShardID
	ns    namespaceID
}

func (s stored) raw() store.Reader { return s.src }

func (s stored) header(key []byte) (crdt.Header, error) {
	b, err := s.src.Get(headerKey(s.ns, key))
	if err != nil || b == nil {
		return crdt.Header{}, err
	}
	return decodeHeader(key, b)
}

func decodeHeader(key, b []byte) (crdt.Header, error) {
	h, err := crdt.DecodeHeader(b)
	if err != nil {
		return crdt.Header{}, fmt.Errorf("%w: header of %.64q: %w", ErrDamaged, key, err)
	}
	return h, nil
}

func (s stored) member(key, member []byte) (crdt.Member, error) {
	b, err := s.src.Get(memberKey(s.ns, key, member))
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

func (s stored) count(key []byte) (int64, bool, error) {
	b, err := s.src.Get(countKey(s.ns, key))
	if err != nil {
		return 0, false, err
	}
	c, err := decodeCount(key, b)
	return c.n, !c.unknown, err
}

func (s stored) members(key, from []byte, fn func([]byte, crdt.Member) bool) error {
	lo, hi := memberRange(s.ns, key, from)
	prefix := len(lo) - len(from)
	return scan(s.src, lo, hi, func(cell, value []byte) (bool, error) {
		m, err := decodeMember(key, value)
		if err != nil {
			return false, err
		}
		return fn(cell[prefix:], m), nil
	})
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

// count is the local cell that keeps how many members of a collection are visible.
// Absent means none.
type count struct {
	n int64
	// unknown is set after a remote deletion hid an unknown part of the members.
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
