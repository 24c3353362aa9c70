package respserver

import "slices"

// See https://redis.io/commands/ping/

var rowPing = row{
	name: "ping", arity: -1, flags: "fast", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "PING [message]",
	summary: "Answers PONG, or the message.",
	run: func(c *conn, args [][]byte) error {
		v := c.look()
		switch {
		case len(args) > 2:
			return errArity(table["ping"])
		case v.version == 2 && v.channels+v.patterns > 0:
			c.out.Array(2)
			c.out.Text("pong")
			c.out.Text(string(slices.Concat(args[1:]...)))
		case len(args) == 2:
			c.out.Bulk(args[1])
		default:
			c.out.Simple("PONG")
		}
		return nil
	},
}
