package command

import (
	"errors"
	"fmt"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Commands on bounded counters: see crdt/account.go for what they are made of.

// Errors of bounded counters.
var (
	// ErrExists: a bounded counter is not created over something.
	ErrExists = errors.New("the key exists; delete it first")
	// ErrBound: the value would begin below the bound.
	ErrBound = errors.New("the value is below the bound")
	// ErrAmount: amounts are positive.
	ErrAmount = errors.New("the amount must be 1 or more")
	// ErrNoRegion: no other node of that region has written to this namespace.
	ErrNoRegion = errors.New("no other node of that region has written here yet")
	// ErrPinned: what lies in a bounded counter is divided among the regions, so it cannot be copied.
	ErrPinned = errors.New("a bounded counter cannot be copied or renamed: other regions may be spending from it")
)

// NoRightsError is why a spend, or a grant, is refused: nothing was changed, but for the wish for rights.
type NoRightsError struct {
	// Wanted is what was to be spent, Here what this node may spend, Left what all may as far as it knows.
	Wanted, Here, Left int64
}

// Error says what is missing and what to do.
func (e *NoRightsError) Error() string {
	if e.Left < e.Wanted {
		return fmt.Sprintf("%d wanted, %d are left above the bound", e.Wanted, e.Left)
	}
	return fmt.Sprintf("%d wanted, this node holds rights to %d of the %d that are left; the others have been asked for more: try again", e.Wanted, e.Here, e.Left)
}

// bounded opens a bounded counter for a command; ErrNoKey when there is none.
func bounded(tx *keyspace.Tx, key []byte) (keyspace.Bounded, error) {
	b, found, err := tx.Bounded(key)
	if err == nil && !found {
		err = ErrNoKey
	}
	return b, err
}

// BCreate makes a bounded counter, where nothing is: Value never goes below Bound. This node gets all
// rights. Of two that are created concurrently one is shown, with its own rights. Errors: ErrExists,
// ErrBound, ErrWrongType.
type BCreate struct {
	Key          []byte
	Bound, Value int64
}

// Name implements keyspace.Command.
func (BCreate) Name() string { return "BCREATE" }

// Keys implements keyspace.Command.
func (c BCreate) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BCreate) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BCreate) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeBounded)
	switch {
	case err != nil:
		return r, err
	case found:
		return r, refusing(ErrExists)
	case c.Value < c.Bound:
		return r, refusing(ErrBound)
	}
	return r, noted(tx, tx.CreateBounded(c.Key, c.Bound, c.Value), keyspace.ClassModule, "bcreate", c.Key)
}

// BGet reads a bounded counter. Reply: Found; Int, its value as this node sees it.
type BGet struct{ Key []byte }

// Name implements keyspace.Command.
func (BGet) Name() string { return "BGET" }

// Keys implements keyspace.Command.
func (c BGet) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BGet) Writes() bool { return false }

// Run implements keyspace.Command.
func (c BGet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, found, err := tx.Bounded(c.Key)
	return keyspace.Reply{Found: found, Int: b.Value}, err
}

// BIncr adds N to a bounded counter; this node gets the rights to it. Reply: Int, the value after it as
// this node sees it. Errors: ErrNoKey, ErrAmount, ErrOverflow, ErrWrongType.
type BIncr struct {
	Key []byte
	N   int64
}

// Name implements keyspace.Command.
func (BIncr) Name() string { return "BINCRBY" }

// Keys implements keyspace.Command.
func (c BIncr) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BIncr) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BIncr) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, err := bounded(tx, c.Key)
	switch {
	case err != nil:
		return r, err
	case c.N < 1:
		return r, refusing(ErrAmount)
	}
	var exact bool
	if r.Int, exact = crdt.TotalOf(b.Value).Add(crdt.TotalOf(c.N)).Int64(); !exact {
		return r, keyspace.ErrOverflow
	}
	return r, noted(tx, tx.AddRights(c.Key, b, c.N), keyspace.ClassModule, "bincrby", c.Key)
}

// BDecr takes N from a bounded counter, if this node holds the rights to so much. If it does not, others
// are asked for some, and the reply's Err is a NoRightsError; that nobody waits for them keeps every
// write local. Reply: Int, the value after it as this node sees it. Errors: ErrNoKey, ErrAmount,
// ErrWrongType.
type BDecr struct {
	Key []byte
	N   int64
}

// Name implements keyspace.Command.
func (BDecr) Name() string { return "BDECRBY" }

// Keys implements keyspace.Command.
func (c BDecr) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BDecr) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BDecr) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, err := bounded(tx, c.Key)
	switch {
	case err != nil:
		return r, err
	case c.N < 1:
		return r, refusing(ErrAmount)
	case b.Rights < c.N:
		return noRights(tx, c.Key, b, c.N)
	}
	return keyspace.Reply{Int: b.Value - c.N}, noted(tx, tx.AddRights(c.Key, b, -c.N), keyspace.ClassModule, "bdecrby", c.Key)
}

// noRights refuses, and asks for what is missing if others may have it.
func noRights(tx *keyspace.Tx, key []byte, b keyspace.Bounded, n int64) (r keyspace.Reply, err error) {
	left, exact := crdt.TotalOf(b.Value).Sub(crdt.TotalOf(b.Bound)).Int64()
	r.Err = &NoRightsError{Wanted: n, Here: max(b.Rights, 0), Left: left}
	if left >= n || !exact {
		err = tx.Wish(key, b, n-max(b.Rights, 0))
	}
	return r, err
}

// BGrant moves N of this node's rights to a region: to the node there that wrote last. Errors: ErrNoKey,
// ErrAmount, ErrNoRegion, NoRightsError, ErrWrongType.
type BGrant struct {
	Key    []byte
	Region string
	N      int64
}

// Name implements keyspace.Command.
func (BGrant) Name() string { return "BGRANT" }

// Keys implements keyspace.Command.
func (c BGrant) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BGrant) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BGrant) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, err := bounded(tx, c.Key)
	switch {
	case err != nil:
		return r, err
	case c.N < 1:
		return r, refusing(ErrAmount)
	case b.Rights < c.N:
		return noRights(tx, c.Key, b, c.N)
	}
	done, err := tx.Grant(c.Key, b, c.Region, c.N)
	if err == nil && !done {
		err = refusing(ErrNoRegion)
	}
	return r, err
}

// BRights tells who may spend how much. Reply: Found; Accounts.
type BRights struct{ Key []byte }

// Name implements keyspace.Command.
func (BRights) Name() string { return "BRIGHTS" }

// Keys implements keyspace.Command.
func (c BRights) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BRights) Writes() bool { return false }

// Run implements keyspace.Command.
func (c BRights) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, found, err := tx.Bounded(c.Key)
	if err != nil || !found {
		return r, err
	}
	r.Found = true
	r.Accounts, err = tx.Accounts(c.Key, b)
	return r, err
}

// BReclaim takes over what earlier incarnations of this node have left: see keyspace.Tx.Reclaim for when
// that is safe. Reply: Int, how much it was. Errors: ErrNoKey, ErrWrongType.
type BReclaim struct{ Key []byte }

// Name implements keyspace.Command.
func (BReclaim) Name() string { return "BRECLAIM" }

// Keys implements keyspace.Command.
func (c BReclaim) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BReclaim) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BReclaim) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, err := bounded(tx, c.Key)
	if err == nil {
		r.Int, err = tx.Reclaim(c.Key, b)
	}
	return r, err
}

// BReplay does again what an update of another origin did to a bounded counter: what was spent is spent.
// It is for updates that were kept aside.
type BReplay struct {
	Key      []byte
	Accounts []crdt.FieldChange
}

// Name implements keyspace.Command.
func (BReplay) Name() string { return "BREPLAY" }

// Keys implements keyspace.Command.
func (c BReplay) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BReplay) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BReplay) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	b, found, err := tx.Bounded(c.Key)
	if err != nil || !found {
		return r, err
	}
	if err := tx.RepeatAccounts(c.Key, b, c.Accounts); err != nil {
		return r, err
	}
	tx.NotifyWrite(c.Key)
	return r, nil
}
