package respserver

import (
	"math"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

const (
	errBitOffset  refusal = "ERR bit offset is not an integer or out of range"
	errBit        refusal = "ERR bit is not an integer or out of range"
	errBitType    refusal = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	errBitOr      refusal = "ERR The bit argument must be 1 or 0."
	errOverflow   refusal = "ERR Invalid OVERFLOW type specified"
	errReadBits   refusal = "ERR BITFIELD_RO only supports the GET subcommand"
	errOneSource  refusal = "ERR BITOP NOT must be called with a single source key."
	bitStepsMax           = 1 << 16
	differsBitmap         = "The whole string is written: of two concurrent changes the later one is shown, and the other is its sibling, see `ATOLL.SIBLINGS`."
)

// bitOffset reads the place of a bit; with a size, "#n" is n times that.
func bitOffset(arg []byte, size int64, l *server.Limits) (int64, error) {
	times := int64(1)
	if size > 0 && len(arg) > 0 && arg[0] == '#' {
		times, arg = size, arg[1:]
	}
	n, err := integer(arg)
	if err != nil || n < 0 || n > math.MaxInt64/times || n*times>>3 >= int64(l.ValueBytes) {
		return 0, errBitOffset
	}
	return n * times, nil
}

// unit reads BYTE or BIT.
func unit(arg []byte) (inBits bool, err error) {
	switch {
	case is(arg, "BIT"):
		return true, nil
	case is(arg, "BYTE"):
		return false, nil
	default:
		return false, errSyntax
	}
}

// bitInteger reads a type as i8 or u63.
func bitInteger(arg []byte) (t command.BitInteger, err error) {
	if len(arg) < 2 || arg[0] != 'i' && arg[0] != 'u' {
		return t, errBitType
	}
	t.Signed = arg[0] == 'i'
	most := int64(63)
	if t.Signed {
		most = 64
	}
	if t.Bits, err = integer(arg[1:]); err != nil || t.Bits < 1 || t.Bits > most {
		return t, errBitType
	}
	return t, nil
}

// bitSteps reads the steps of BITFIELD.
func bitSteps(args [][]byte, l *server.Limits) (steps []command.BitStep, err error) {
	how := command.Wrap
	for len(args) > 0 {
		var s command.BitStep
		n := 3
		switch {
		case is(args[0], "GET") && len(args) > 2:
			s.Do = command.BitGet
		case is(args[0], "SET") && len(args) > 3:
			s.Do, n = command.BitSet, 4
		case is(args[0], "INCRBY") && len(args) > 3:
			s.Do, n = command.BitAdd, 4
		case is(args[0], "OVERFLOW") && len(args) > 1:
			if how, err = overflow(args[1]); err != nil {
				return nil, err
			}
			args = args[2:]
			continue
		default:
			return nil, errSyntax
		}
		if s.BitInteger, err = bitInteger(args[1]); err != nil {
			return nil, err
		}
		if s.At, err = bitOffset(args[2], s.Bits, l); err != nil {
			return nil, err
		}
		if n == 4 {
			if s.Value, err = integer(args[3]); err != nil {
				return nil, err
			}
		}
		s.Overflow, args = how, args[n:]
		if steps = append(steps, s); len(steps) > bitStepsMax {
			return nil, refusef("ERR too many steps: limit %d", bitStepsMax)
		}
	}
	return steps, nil
}

func overflow(arg []byte) (command.Overflow, error) {
	switch {
	case is(arg, "WRAP"):
		return command.Wrap, nil
	case is(arg, "SAT"):
		return command.Saturate, nil
	case is(arg, "FAIL"):
		return command.Fail, nil
	default:
		return 0, errOverflow
	}
}

// replySteps writes a number, or null, for each step.
func replySteps(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Replies))
	for _, one := range r.Replies {
		replyIntOrNull(w, one)
	}
}
