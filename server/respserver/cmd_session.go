package respserver

// Session guarantees for clients that go from one region to another: see server/session.go.

var rowToken = row{
	name: "atoll.token", arity: 1, flags: "readonly fast", categories: "read connection",
	group: "connection", since: "7.0.0", complexity: "O(1)", syntax: "ATOLL.TOKEN",
	summary: "Returns a token of all that this node has shown up to now, for ATOLL.AFTER at any node.",
	differs: "Not in Redis. Ask for it after the replies that it is to cover. Refused within MULTI.", alone: true,
	run: func(c *conn, _ [][]byte) error {
		c.out.Bulk([]byte(c.s.cfg.Dispatcher.TokenText()))
		return nil
	},
}

var rowAfter = row{
	name: "atoll.after", arity: 2, flags: "readonly", categories: "read connection blocking",
	group: "connection", since: "7.0.0", complexity: "O(1)", syntax: "ATOLL.AFTER token",
	summary: "Waits until this node has all that a token covers: what follows reads no less, and writes after it.",
	differs: "Not in Redis. It waits for at most a second, then it is `STALE` and names whose updates are missing. A command that is sent before its reply has come runs whatever it answers. Refused within MULTI.",
	alone:   true,
	run: func(c *conn, args [][]byte) error {
		if err := c.s.cfg.Dispatcher.AfterText(c.ctx, string(args[1])); err != nil {
			return err
		}
		c.out.Simple("OK")
		return nil
	},
}
