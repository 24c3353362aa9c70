package respserver

// See https://redis.io/commands/echo/

var rowEcho = row{
	name: "echo", arity: 2, flags: "loading stale fast", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "ECHO message",
	summary: "Answers the message.",
	run: func(c *conn, args [][]byte) error {
		c.out.Bulk(args[1])
		return nil
	},
}
