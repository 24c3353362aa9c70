package crdt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// A bounded counter never goes below its bound in any region, without asking another one: what lies
// above the bound is divided into rights, each held by one origin, which alone may spend them. (Balegas
// et al., "Extending Eventually Consistent Cloud Databases for Enforcing Numeric Invariants", SRDS 2015:
// its matrix of transfers and its vector of uses are here the shards of one counter an origin.)
//
// It has the cells of a collection, each with the content of a field:
//
//   - its definition, named by one zero byte: a register that holds the bound. The sibling's dot names
//     the bounded counter: one that is created anew, or elsewhere, is another one.
//   - an account of each origin that ever had rights in it: the counter's sum is what it may spend. The
//     register holds the owner's last wish for rights.
//
// Value = bound + Σ accounts. A spend takes from the owner's account, a grant moves between two accounts
// by one update. Nobody but its owner takes from an account, so what the owner sees in it is never more
// than there is.

// accountBytes is the size of an account's name: the dot of the definition and the owner.
const accountBytes = 24

// BoundName is the name of a bounded counter's definition.
func BoundName() []byte { return []byte{0} }

// AccountName returns the name of an owner's account in the bounded counter that an update created.
func AccountName(of clock.Dot, owner clock.Origin) []byte {
	return binary.BigEndian.AppendUint64(AccountsOf(of), uint64(owner))
}

// AccountsOf returns what the names of all accounts of a bounded counter begin with.
func AccountsOf(of clock.Dot) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, accountBytes), uint64(of.Origin))
	return binary.BigEndian.AppendUint64(b, uint64(of.Seq))
}

// SplitAccount takes the name of an account apart; ok is false when it is none.
func SplitAccount(name []byte) (of clock.Dot, owner clock.Origin, ok bool) {
	if len(name) != accountBytes {
		return of, 0, false
	}
	of = clock.Dot{Origin: clock.Origin(binary.BigEndian.Uint64(name)), Seq: clock.Seq(binary.BigEndian.Uint64(name[8:]))}
	owner = clock.Origin(binary.BigEndian.Uint64(name[16:]))
	return of, owner, of.Origin != 0 && of.Seq != 0 && owner != 0
}

// AppendAmount appends an amount as registers of bounded counters hold it: a bound, or a wish.
func AppendAmount(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

// ParseAmount reads what AppendAmount wrote; ok is false when it cannot have.
func ParseAmount(b []byte) (n int64, ok bool) {
	if len(b) != 8 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), true
}

// DecodeAccount reads a cell of a bounded counter as Append wrote it; the result shares b. Errors match
// ErrMalformed.
func DecodeAccount(b []byte) (Field, error) {
	f, err := decodeEndless(b)
	for _, s := range f.Register.Siblings {
		if _, ok := ParseAmount(s.Value); !ok && err == nil {
			err = fmt.Errorf("%w: amount of %d bytes", ErrMalformed, len(s.Value))
		}
	}
	return f, err
}

func checkAccountName(name []byte) error {
	if _, _, ok := SplitAccount(name); !ok && !bytes.Equal(name, BoundName()) {
		return fmt.Errorf("%w: account %.64x", ErrMalformed, name)
	}
	return nil
}

// checkAccount refuses changes that no writer with the update's dot can have made: nobody but the owner
// takes from an account, or wishes, but for who does again what the owner did.
func (f *FieldChange) checkAccount(dot clock.Dot, replays bool) error {
	if err := checkAccountName(f.Name); err != nil {
		return err
	}
	n, amount := ParseAmount(f.Value)
	_, owner, account := SplitAccount(f.Name)
	switch {
	case f.Assign && !amount, f.Assign && account && (n < 1 || owner != dot.Origin):
		return fmt.Errorf("%w: %v assigns %x to account %x", ErrMalformed, dot, f.Value, f.Name)
	case f.Increment == nil:
		return nil
	case !account, !f.Increment.Delta.IsInteger(), f.Increment.Delta.Hi < 0 && owner != dot.Origin && !replays:
		return fmt.Errorf("%w: %v adds %v to account %x", ErrMalformed, dot, f.Increment.Delta, f.Name)
	}
	return f.check(dot)
}
