package respserver

import "math"

// See https://redis.io/commands/select/

var rowSelect = row{
	name: "select", arity: 2, flags: "loading stale fast", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "SELECT index",
	summary: "Chooses a database.", differs: "There is one, 0.",
	run: func(c *conn, args [][]byte) error {
		if err := database(args[1]); err != nil {
			return err
		}
		c.out.Simple("OK")
		return nil
	},
}

// database reads the number of a database, which must be 0.
func database(arg []byte) error {
	n, err := integer(arg)
	switch {
	case err != nil:
		return err
	case n < math.MinInt32 || n > math.MaxInt32:
		return refusef("ERR value is out of range, value must between %d and %d", math.MinInt32, math.MaxInt32)
	case n != 0:
		return refusal("ERR DB index is out of range")
	default:
		return nil
	}
}
