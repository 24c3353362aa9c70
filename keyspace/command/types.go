package command

import "github.com/atollkv/atoll/keyspace"

// Types names the types that keys show. Reply: List, in the order of the keys; "none" stands for a
// key that does not exist.
type Types struct{ List [][]byte }

// Name implements keyspace.Command.
func (Types) Name() string { return "TYPE" }

// Keys implements keyspace.Command.
func (c Types) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (Types) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Types) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	for _, key := range c.List {
		t, _, err := tx.Type(key)
		if err != nil {
			return keyspace.Reply{}, err
		}
		r.List = append(r.List, []byte(t.String()))
	}
	return r, nil
}
