package command

import "github.com/atollkv/atoll/keyspace"

// ConflictsMax bounds what one Conflicts returns.
const ConflictsMax = 1000

// Conflicts lists concurrent values that were not shown any more when this node merged others: the first Count after an
// ID, or where After is 0 the last Count. Reply: Conflicts.
type Conflicts struct {
	After uint64
	Count int
}

// Name implements keyspace.Command.
func (Conflicts) Name() string { return "CONFLICTS" }

// Keys implements keyspace.Command.
func (Conflicts) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (Conflicts) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Conflicts) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if c.Count < 1 || c.Count > ConflictsMax {
		return r, &keyspace.TooLargeError{What: "conflicts", Size: c.Count, Limit: ConflictsMax}
	}
	p := tx.Conflicts(c.After, c.Count)
	r.Conflicts = &p
	return r, nil
}
