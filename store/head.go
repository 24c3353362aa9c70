package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// headVersion is the first byte of an encoded head.
const headVersion = 1

const headFixed = 1 + 8 + 8 + 8

// encode returns version, seq u64, hash u64, time u64 (big endian), dep. The origin is
// in the key.
func (h Head) encode() []byte {
	b := make([]byte, 0, headFixed+2+h.Dep.Len()*12)
	b = append(b, headVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Hash))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Time))
	return h.Dep.Append(b)
}

func decodeHead(o clock.Origin, b []byte) (Head, error) {
	h, rest, err := takeHead(o, b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: head of %v: %d bytes too many", ErrCorrupt, o, len(rest))
	}
	return h, err
}

// takeHead reads a head from the front of b and returns the rest.
func takeHead(o clock.Origin, b []byte) (Head, []byte, error) {
	if len(b) < headFixed || b[0] != headVersion {
		return Head{}, nil, fmt.Errorf("%w: head of %v: %d bytes, or a version this build does not read", ErrCorrupt, o, len(b))
	}
	h := Head{
		Origin: o,
		Seq:    clock.Seq(binary.BigEndian.Uint64(b[1:])),
		Hash:   oplog.Hash(binary.BigEndian.Uint64(b[9:])),
		Time:   clock.Timestamp(binary.BigEndian.Uint64(b[17:])),
	}
	dep, rest, err := clock.DecodeVector(b[headFixed:])
	if err == nil && h.Seq == 0 {
		err = errors.New("no sequence")
	}
	if err != nil {
		return Head{}, nil, fmt.Errorf("%w: head of %v: %w", ErrCorrupt, o, err)
	}
	h.Dep = dep
	return h, rest, nil
}

// AppendHeads appends uvarint count, then each head as origin u64 and what a head's key
// holds. Heads must ascend by origin.
func AppendHeads(b []byte, heads []Head) []byte {
	b = binary.AppendUvarint(b, uint64(len(heads)))
	for _, h := range heads {
		b = binary.BigEndian.AppendUint64(b, uint64(h.Origin))
		b = append(b, h.encode()...)
	}
	return b
}

// DecodeHeads reads what AppendHeads wrote from the front of b and returns the rest. It
// refuses more than clock.MaxVectorEntries heads. Errors match ErrCorrupt.
func DecodeHeads(b []byte) (heads []Head, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > clock.MaxVectorEntries || n > uint64(len(b)/(8+headFixed)) {
		return nil, nil, fmt.Errorf("%w: list of %d heads", ErrCorrupt, n)
	}
	for range n {
		if len(b) < 8 {
			return nil, nil, fmt.Errorf("%w: list of heads ends early", ErrCorrupt)
		}
		o := clock.Origin(binary.BigEndian.Uint64(b))
		if k := len(heads); k > 0 && heads[k-1].Origin >= o {
			return nil, nil, fmt.Errorf("%w: heads not in order", ErrCorrupt)
		}
		h, left, err := takeHead(o, b[8:])
		if err != nil {
			return nil, nil, err
		}
		heads, b = append(heads, h), left
	}
	return heads, b, nil
}

// Heads returns how far a shard has come in every origin, ascending by origin.
func (db *DB) Heads(s ShardID) ([]Head, error) {
	lo, hi := originKey(spaceHead, s, 0), after(originKey(spaceHead, s, ^clock.Origin(0)))
	it, err := db.Iterate(lo, hi)
	if err != nil {
		return nil, fmt.Errorf("heads of shard %d: %w", s, err)
	}
	defer it.Close()
	var heads []Head
	for ok := it.First(); ok; ok = it.Next() {
		o, err := originOf(it.Key())
		if err != nil {
			return nil, err
		}
		h, err := decodeHead(o, it.Value())
		if err != nil {
			return nil, err
		}
		heads = append(heads, h)
	}
	return heads, it.Error()
}
