package respserver

import "github.com/atollkv/atoll/internal/namespace"

// See https://redis.io/commands/reset/

var rowReset = row{
	name: "reset", arity: 1, flags: "noscript loading stale fast no_auth allow_busy", categories: "connection",
	group: "connection", since: "6.2.0", complexity: "O(1)", syntax: "RESET",
	summary: "Makes the connection as it was when it began.", immediate: true,
	run: func(c *conn, _ [][]byte) error {
		c.endTransaction()
		c.enter(namespace.Default)
		c.admit(!c.s.key.set)
		c.setVersion(2)
		c.mute = mute{}
		c.leave(false)
		c.trackNothing()
		c.see(func(v *seen) { v.name = "" })
		c.out.Simple("RESET")
		return nil
	},
}
