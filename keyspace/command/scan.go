package command

import (
	"slices"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/keyspace"
)

// Scan lists keys that begin with Prefix: at most Limit, 0 for the default, after the
// page that gave Cursor; of those, which match Pattern, unless it is empty. Reply: List, Cursor.
// A page may be short before the last.
// A key that exists during the whole scan is listed exactly once.
type Scan struct {
	Prefix []byte
	Limit  int
	Cursor []byte
	// Pattern is one of package glob.
	Pattern []byte
}

// Name implements keyspace.Command.
func (Scan) Name() string { return "SCAN" }

// Keys implements keyspace.Command.
func (Scan) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (Scan) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Scan) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	limit := c.Limit
	if limit <= 0 || limit > 10*pageSize {
		limit = pageSize
	}
	r.List, r.Cursor, err = tx.Keys(c.Prefix, c.Cursor, limit)
	if len(c.Pattern) > 0 {
		r.List = slices.DeleteFunc(r.List, func(key []byte) bool { return !glob.Match(c.Pattern, key) })
	}
	return r, err
}
