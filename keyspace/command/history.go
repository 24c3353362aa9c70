package command

import "github.com/atollkv/atoll/keyspace"

// HistoryMax bounds what one History returns.
const HistoryMax = 1000

// History lists the newest Count updates of a key that the op log of this node still has. It works in reads only.
// Reply: History.
type History struct {
	Key   []byte
	Count int
}

// Name implements keyspace.Command.
func (History) Name() string { return "HISTORY" }

// Keys implements keyspace.Command.
func (c History) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (History) Writes() bool { return false }

// Run implements keyspace.Command.
func (c History) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if c.Count < 1 || c.Count > HistoryMax {
		return r, &keyspace.TooLargeError{What: "updates", Size: c.Count, Limit: HistoryMax}
	}
	p, err := tx.History(c.Key, c.Count)
	if err != nil {
		return r, err
	}
	r.History = &p
	return r, nil
}
