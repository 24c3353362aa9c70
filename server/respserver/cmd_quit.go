package respserver

// See https://redis.io/commands/quit/

var rowQuit = row{
	name: "quit", arity: -1, flags: "noscript loading stale fast no_auth allow_busy", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "QUIT",
	summary: "Ends the connection.", immediate: true,
	run: func(c *conn, _ [][]byte) error {
		c.out.Simple("OK")
		c.closing = true
		return nil
	},
}
