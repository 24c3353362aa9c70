package crdt

import (
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// ErrUnknownUpdate reports a record of a later version of the format. It must be kept
// and relayed, and applied after an upgrade; it must not be skipped.
var ErrUnknownUpdate = errors.New("update of a newer version")

// Update is the body of one record: all that one command or transaction changed.
// It is applied whole.
type Update struct {
	// Declare is set in the first record of an origin.
	Declare *Declaration
	// Closes are earlier origins of the writer's node, ascending: they will have no more
	// updates than their node has.
	Closes []clock.Origin
	// Retires are origins that every member has seen to their end, ascending.
	Retires []Retire
	// Folds are retired origins, ascending, whose counter shards every replica may fold
	// from here on: every member has seen them retired.
	Folds []clock.Origin
	// Replays names the update, kept aside, that this one issues again; its Seq is 0 when
	// there is none.
	Replays clock.Dot
	// Once names the operation that the update carries out, if it may be sent again.
	Once *Once
	// Changes ascend by key; each key has one.
	Changes []Change
}

// Declaration says which node took an origin.
type Declaration struct {
	Region, Node string
}

// Retire ends an origin of the writer's node at its update Seal.
type Retire struct {
	Origin clock.Origin
	Seal   clock.Seq
	// Hash is the chain hash at Seal.
	Hash uint64
}

// Change is what an update does to one key. Its parts apply in the order of the
// fields: a deletion does not take what the same update adds.
type Change struct {
	// Key is a full key: it tells its namespace, see package namespace.
	Key []byte
	// Beyond is what the writer had seen of this key beyond the record's context: while
	// it took over another replica's state, some keys ran ahead of its version vector.
	Beyond clock.VersionVector
	// Clear removes everything of the key that the writer had seen, of every type.
	Clear bool
	// Floors are, with Clear, the increments that the writer had seen.
	Floors []Floor
	// Assign writes Value into the register.
	Assign bool
	Value  []byte
	// Increment replaces the writer's shard of the counter.
	Increment *Increment
	// Voids are increments of the counter that do not count, ascending. The writer had seen them.
	Voids []Void
	// Adds and Removes are members, ascending, none in both.
	Adds, Removes [][]byte
	// Unclaim says that the writer saw the set become empty.
	Unclaim bool
	// Fields are changes of fields of a hash, ascending by name, one a field.
	Fields []FieldChange
	// UnclaimHash says that the writer saw the hash become empty.
	UnclaimHash bool
	// Scores are changes of members of a sorted set, ascending by name, one a member; the
	// values that they assign are scores as Score encodes them.
	Scores []FieldChange
	// UnclaimZSet says that the writer saw the sorted set become empty.
	UnclaimZSet bool
	// Items are changes of elements of a list, ascending by position, which is their name, one
	// an element.
	Items []FieldChange
	// UnclaimList says that the writer saw the list become empty.
	UnclaimList bool
	// Entries are changes of the cells of a stream, ascending by name, one a cell.
	Entries []FieldChange
	// Accounts are changes of the cells of a bounded counter, ascending by name, one a cell.
	Accounts []FieldChange
	// Ranks are written to registers of a HyperLogLog, ascending by name, one a register.
	Ranks []FieldChange
	// Groups are changes of the cells of the groups of a stream, ascending by name, one a cell.
	Groups []FieldChange
	// Expiry changes the deadlines, if it is not nil.
	Expiry *Expiry
}

// Increment carries a shard of a counter: see Shard. Delta is what the update added,
// for readers of the log; merging uses the absolute Total.
type Increment struct {
	Base  clock.Seq
	Total Total
	Delta Total
}

// Check refuses what no writer with the update's dot can have written. It returns an
// error that matches ErrMalformed.
func (u *Update) Check(dot clock.Dot) error {
	if u.Declare != nil && dot.Seq != 1 {
		return fmt.Errorf("%w: %v declares a node, only the first record may", ErrMalformed, dot)
	}
	if u.Replays.Seq > 0 && u.Replays.Origin == dot.Origin {
		return fmt.Errorf("%w: %v replays its own origin", ErrMalformed, dot)
	}
	if err := u.checkEnds(dot); err != nil {
		return err
	}
	if err := u.checkOnce(dot); err != nil {
		return err
	}
	for i := range u.Changes {
		c := &u.Changes[i]
		if err := c.checkVoids(dot); err != nil {
			return err
		}
		if c.Beyond.Get(dot.Origin) > 0 {
			return fmt.Errorf("%w: %v names its own origin as seen beyond its context", ErrMalformed, dot)
		}
		edit := c.edit()
		if err := edit.check(dot); err != nil {
			return err
		}
		for _, list := range [][]FieldChange{c.Fields, c.Scores} {
			for i := range list {
				if err := list[i].check(dot); err != nil {
					return err
				}
			}
		}
		for i := range c.Entries {
			if err := c.Entries[i].checkEntry(); err != nil {
				return err
			}
		}
		for i := range c.Groups {
			if err := c.Groups[i].checkGroup(); err != nil {
				return err
			}
		}
		for i := range c.Ranks {
			if err := c.Ranks[i].checkSketch(); err != nil {
				return err
			}
		}
		for i := range c.Accounts {
			if err := c.Accounts[i].checkAccount(dot, u.Replays.Seq > 0); err != nil {
				return err
			}
		}
		for i := range c.Items {
			if err := c.Items[i].checkItem(dot); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Edit) check(dot clock.Dot) error {
	if e.Increment != nil && e.Increment.Base > dot.Seq {
		return fmt.Errorf("%w: counter life begins at %d, after %v", ErrMalformed, e.Increment.Base, dot)
	}
	for _, f := range e.Floors {
		if f.Origin == dot.Origin && f.Seq >= dot.Seq {
			return fmt.Errorf("%w: reset by %v of its own future", ErrMalformed, dot)
		}
	}
	if !e.each(Total.inRange) {
		return fmt.Errorf("%w: number of %v out of range", ErrMalformed, dot)
	}
	return nil
}

// each tells whether all totals of the edit pass.
func (e *Edit) each(pass func(Total) bool) bool {
	if e.Increment != nil && (!pass(e.Increment.Total) || !pass(e.Increment.Delta)) {
		return false
	}
	for _, f := range e.Floors {
		if !pass(f.Total) {
			return false
		}
	}
	for _, v := range e.Voids {
		if !pass(v.Delta) {
			return false
		}
	}
	return true
}

// edit returns what the change does to the key's string.
func (c *Change) edit() Edit {
	return Edit{c.Clear, c.Floors, c.Assign, c.Value, c.Increment, c.Voids, c.Expiry}
}
