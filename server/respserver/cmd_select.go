package respserver

import (
	"math"

	"github.com/atollkv/atoll/internal/namespace"
)

// See https://redis.io/commands/select/

var rowSelect = row{
	name: "select", arity: 2, flags: "loading stale fast", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "SELECT index",
	summary: "Chooses a namespace by its number, 0 to 15.", differs: "0 is the namespace `default`. Those with names: see `ATOLL.NAMESPACE`.",
	enters: func(args [][]byte) (namespace.Name, bool, error) {
		n, err := database(args[1])
		return n, true, err
	},
	run: func(c *conn, args [][]byte) error {
		n, err := database(args[1])
		if err != nil {
			return err
		}
		c.enter(n)
		c.out.Simple("OK")
		return nil
	},
}

// database reads the number of a namespace.
func database(arg []byte) (namespace.Name, error) {
	n, err := integer(arg)
	switch {
	case err != nil:
		return namespace.Default, err
	case n < math.MinInt32 || n > math.MaxInt32:
		return namespace.Default, refusef("ERR value is out of range, value must between %d and %d", math.MinInt32, math.MaxInt32)
	}
	name, ok := namespace.Numbered(n)
	if !ok {
		return name, refusal("ERR DB index is out of range")
	}
	return name, nil
}

// enter lets what follows be of a namespace.
func (c *conn) enter(n namespace.Name) {
	c.space = n
	c.see(func(v *seen) { v.space = n })
}
