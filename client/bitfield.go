package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// BitInteger is an integer within a string.
type BitInteger struct {
	// Bits is its size: 1 to 64, and 63 at most without a sign.
	Bits   uint32
	Signed bool
	// Offset is that of its first bit.
	Offset uint64
}

// BitOverflow is what becomes of a number that does not fit.
type BitOverflow int

// The ways to overflow.
const (
	Wrap     BitOverflow = iota // it goes on at the other end of the range
	Saturate                    // it stays at the end of the range
	Fail                        // nothing is written
)

// BitStep reads an integer within a string, or writes it.
type BitStep struct{ message *pb.BitStep }

// Read reads the integer.
func (i BitInteger) Read() BitStep { return BitStep{i.step(0).Build()} }

// Write sets the integer to n, and reads what it was.
func (i BitInteger) Write(n int64, o BitOverflow) BitStep {
	step := i.step(o)
	step.Set = &n
	return BitStep{step.Build()}
}

// Add adds n to the integer, and reads the sum. It is no counter: concurrent additions do not add up.
func (i BitInteger) Add(n int64, o BitOverflow) BitStep {
	step := i.step(o)
	step.Add = &n
	return BitStep{step.Build()}
}

func (i BitInteger) step(o BitOverflow) pb.BitStep_builder {
	return pb.BitStep_builder{Bits: i.Bits, Signed: i.Signed, Offset: i.Offset, Overflow: pb.BitOverflow(o)}
}

// BitResult is what a step read. Overflowed tells that it did not fit, and was not written.
type BitResult struct {
	Value      int64
	Overflowed bool
}

// Field takes steps in order, as one update, and returns one result for each. Errors: ErrWrongType,
// ErrInvalid; ErrTooLarge beyond the largest string that the node takes.
func (b *Bits) Field(ctx context.Context, steps ...BitStep) ([]BitResult, error) {
	list := make([]*pb.BitStep, len(steps))
	for i, s := range steps {
		list[i] = s.message
	}
	request := pb.BitFieldRequest_builder{Key: b.key, Steps: list}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Bitfield: request}.Build())
	if err != nil {
		return nil, err
	}
	var results []BitResult
	for _, r := range result.GetBitfield().GetResults() {
		results = append(results, BitResult{r.GetValue(), r.GetOverflowed()})
	}
	return results, nil
}
