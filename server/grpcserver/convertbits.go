package grpcserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on the bits of strings.

// bitStepsMax bounds the steps of one operation on integers within a string.
const bitStepsMax = 1 << 16

// keyAndOffset checks a key, and that a bit lies within the largest string there may be.
func keyAndOffset(key []byte, offset uint64, l *server.Limits) error {
	if err := required(key, "key"); err != nil {
		return err
	}
	return withinString(offset, l)
}

func withinString(offset uint64, l *server.Limits) error {
	if offset>>3 >= uint64(l.ValueBytes) {
		return server.Errorf(server.CodeTooLarge, "offset: bit %d, limit %d bytes", offset, l.ValueBytes)
	}
	return nil
}

// bitRangeOf returns a part of a string, all of it where there is no message, and whether it has an end.
func bitRangeOf(r *pb.BitRange) (part command.BitRange, ended bool) {
	part = command.BitRange{From: r.GetStart(), To: -1, InBits: r.GetInBits()}
	if r.HasStop() {
		part.To = r.GetStop()
	}
	return part, r.HasStop()
}

var convertGetBit = conversion[*pb.GetBitRequest, *pb.GetBitResponse]{
	func(r *pb.GetBitRequest, l *server.Limits) (keyspace.Command, error) {
		return command.GetBit{Key: r.GetKey(), Offset: int64(r.GetOffset())}, keyAndOffset(r.GetKey(), r.GetOffset(), l)
	},
	func(p keyspace.Reply) *pb.GetBitResponse { return pb.GetBitResponse_builder{Set: p.Int == 1}.Build() },
}

var convertSetBit = conversion[*pb.SetBitRequest, *pb.SetBitResponse]{
	func(r *pb.SetBitRequest, l *server.Limits) (keyspace.Command, error) {
		cmd := command.SetBit{Key: r.GetKey(), Offset: int64(r.GetOffset()), Bit: bitOf(r.GetSet()), Max: l.ValueBytes}
		return cmd, keyAndOffset(r.GetKey(), r.GetOffset(), l)
	},
	func(p keyspace.Reply) *pb.SetBitResponse {
		return pb.SetBitResponse_builder{WasSet: p.Int == 1}.Build()
	},
}

func bitOf(set bool) byte {
	if set {
		return 1
	}
	return 0
}

var convertBitCount = conversion[*pb.BitCountRequest, *pb.BitCountResponse]{
	func(r *pb.BitCountRequest, _ *server.Limits) (keyspace.Command, error) {
		part, _ := bitRangeOf(r.GetRange())
		return command.BitCount{Key: r.GetKey(), Range: part}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BitCountResponse { return pb.BitCountResponse_builder{Count: p.Int}.Build() },
}

var convertBitPos = conversion[*pb.BitPosRequest, *pb.BitPosResponse]{
	func(r *pb.BitPosRequest, _ *server.Limits) (keyspace.Command, error) {
		part, ended := bitRangeOf(r.GetRange())
		return command.BitPos{Key: r.GetKey(), Bit: bitOf(r.GetSet()), Range: part, Ended: ended}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BitPosResponse {
		return pb.BitPosResponse_builder{Found: p.Int >= 0, Offset: max(p.Int, 0)}.Build()
	},
}

var bitOperations = map[pb.BitOperation]command.BitOperation{
	pb.BitOperation_BIT_OPERATION_AND: command.And, pb.BitOperation_BIT_OPERATION_OR: command.Or,
	pb.BitOperation_BIT_OPERATION_XOR: command.Xor, pb.BitOperation_BIT_OPERATION_NOT: command.Not,
}

var convertBitOp = conversion[*pb.BitOpRequest, *pb.BitOpResponse]{
	func(r *pb.BitOpRequest, _ *server.Limits) (keyspace.Command, error) {
		as, known := bitOperations[r.GetOperation()]
		err := required(r.GetKey(), "key")
		if err == nil {
			err = requiredAll(r.GetFrom(), "from")
		}
		switch {
		case err != nil:
		case !known:
			err = server.Errorf(server.CodeInvalid, "operation: required")
		case as == command.Not && len(r.GetFrom()) > 1:
			err = server.Errorf(server.CodeInvalid, "from: NOT takes one string")
		}
		return command.BitOp{As: as, Into: r.GetKey(), List: r.GetFrom()}, err
	},
	func(p keyspace.Reply) *pb.BitOpResponse { return pb.BitOpResponse_builder{Length: p.Int}.Build() },
}

var convertBitField = conversion[*pb.BitFieldRequest, *pb.BitFieldResponse]{
	func(r *pb.BitFieldRequest, l *server.Limits) (keyspace.Command, error) {
		steps, err := bitStepsOf(r.GetSteps(), l)
		if err == nil {
			err = required(r.GetKey(), "key")
		}
		return command.BitField{Key: r.GetKey(), Steps: steps, Max: l.ValueBytes}, err
	},
	func(p keyspace.Reply) *pb.BitFieldResponse {
		results := make([]*pb.BitStepResult, len(p.Replies))
		for i, one := range p.Replies {
			results[i] = pb.BitStepResult_builder{Overflowed: !one.Found, Value: one.Int}.Build()
		}
		return pb.BitFieldResponse_builder{Results: results}.Build()
	},
}

func bitStepsOf(list []*pb.BitStep, l *server.Limits) ([]command.BitStep, error) {
	if len(list) == 0 || len(list) > bitStepsMax {
		return nil, server.Errorf(server.CodeInvalid, "steps: 1 to %d, not %d", bitStepsMax, len(list))
	}
	steps := make([]command.BitStep, len(list))
	for i, s := range list {
		var err error
		if steps[i], err = bitStepOf(s, l); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

var bitOverflows = map[pb.BitOverflow]command.Overflow{
	pb.BitOverflow_BIT_OVERFLOW_UNSPECIFIED: command.Wrap, pb.BitOverflow_BIT_OVERFLOW_SATURATE: command.Saturate,
	pb.BitOverflow_BIT_OVERFLOW_FAIL: command.Fail,
}

func bitStepOf(s *pb.BitStep, l *server.Limits) (step command.BitStep, err error) {
	most := uint32(63)
	if s.GetSigned() {
		most = 64
	}
	how, known := bitOverflows[s.GetOverflow()]
	switch {
	case s.GetBits() < 1 || s.GetBits() > most:
		return step, server.Errorf(server.CodeInvalid, "bits: 1 to %d, not %d", most, s.GetBits())
	case !known:
		return step, server.Errorf(server.CodeInvalid, "overflow: unknown")
	}
	step = command.BitStep{
		BitInteger: command.BitInteger{Signed: s.GetSigned(), Bits: int64(s.GetBits())}, At: int64(s.GetOffset()), Overflow: how,
	}
	switch s.WhichWrite() {
	case pb.BitStep_Set_case:
		step.Do, step.Value = command.BitSet, s.GetSet()
	case pb.BitStep_Add_case:
		step.Do, step.Value = command.BitAdd, s.GetAdd()
	}
	return step, withinString(s.GetOffset(), l)
}
