package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Bits is a handle to a string as an array of bits; the first is the highest of the first byte. A change
// writes the whole string: of concurrent ones the later is shown, and [Register.Siblings] lists all. For
// flags that regions set concurrently take a [Set].
type Bits struct {
	c   *Client
	key []byte
}

// Bits returns a handle to the bits of the string under key. It sends nothing.
func (c *Client) Bits(key string) *Bits { return &Bits{c, []byte(key)} }

// BitRange is a part of a string. Places count from 0, negative ones from the end.
type BitRange struct{ message *pb.BitRange }

// Bytes is from one byte to another, both included.
func Bytes(start, stop int64) BitRange {
	return BitRange{pb.BitRange_builder{Start: start, Stop: &stop}.Build()}
}

// BytesFrom is from a byte to the end.
func BytesFrom(start int64) BitRange { return BitRange{pb.BitRange_builder{Start: start}.Build()} }

// BitsBetween is from one bit to another, both included.
func BitsBetween(start, stop int64) BitRange {
	return BitRange{pb.BitRange_builder{Start: start, Stop: &stop, InBits: true}.Build()}
}

// rangeOf returns the last of the options, nil if there is none.
func rangeOf(in []BitRange) *pb.BitRange {
	if len(in) == 0 {
		return nil
	}
	return in[len(in)-1].message
}

// Get tells whether a bit is set; beyond the end of the string none is. Errors: ErrWrongType; ErrTooLarge
// beyond the largest string that the node takes.
func (b *Bits) Get(ctx context.Context, offset uint64) (bool, error) {
	request := pb.GetBitRequest_builder{Key: b.key, Offset: offset}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Getbit: request}.Build())
	if err != nil {
		return false, err
	}
	return result.GetGetbit().GetSet(), nil
}

// Set sets a bit, or clears it, and tells whether it was set before. The string grows by zeros. Errors:
// as of Get.
func (b *Bits) Set(ctx context.Context, offset uint64, set bool) (bool, error) {
	result, err := b.c.Do(ctx, opSetBit(b.key, offset, set))
	if err != nil {
		return false, err
	}
	return result.GetSetbit().GetWasSet(), nil
}

// Count counts the bits that are set, in the whole string or in a part of it. Error: ErrWrongType.
func (b *Bits) Count(ctx context.Context, in ...BitRange) (int64, error) {
	request := pb.BitCountRequest_builder{Key: b.key, Range: rangeOf(in)}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Bitcount: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetBitcount().GetCount(), nil
}

// First returns the offset of the first bit that is set, or that is not, in the whole string or in a part
// of it. A part with an end may have none; else the string is followed by zeros. Errors: ErrNotFound,
// ErrWrongType.
func (b *Bits) First(ctx context.Context, set bool, in ...BitRange) (int64, error) {
	request := pb.BitPosRequest_builder{Key: b.key, Set: set, Range: rangeOf(in)}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Bitpos: request}.Build())
	switch {
	case err != nil:
		return 0, err
	case !result.GetBitpos().GetFound():
		return 0, &Error{Code: codeNotFound, Message: "no such bit"}
	}
	return result.GetBitpos().GetOffset(), nil
}

// BitOperation combines strings bit by bit.
type BitOperation int

// The operations.
const (
	BitAnd BitOperation = iota + 1
	BitOr
	BitXor
	BitNot // of one string
)

// Combine puts the combination of other strings in the place of what the key holds, and returns its length
// in bytes. Shorter strings are followed by zeros; an empty result deletes the key. Errors: ErrWrongType,
// ErrInvalid.
func (b *Bits) Combine(ctx context.Context, as BitOperation, from ...string) (int64, error) {
	request := pb.BitOpRequest_builder{Key: b.key, Operation: pb.BitOperation(as), From: bytesOf(from)}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Bitop: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetBitop().GetLength(), nil
}

func opSetBit(key []byte, offset uint64, set bool) *pb.Operation {
	return pb.Operation_builder{Setbit: pb.SetBitRequest_builder{Key: key, Offset: offset, Set: set}.Build()}.Build()
}
