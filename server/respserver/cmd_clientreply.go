package respserver

// See https://redis.io/commands/client-reply/

var rowClientReply = row{
	name: "client|reply", arity: 3, flags: flagsClient, categories: "connection", group: "connection", since: "3.2.0",
	complexity: "O(1)", syntax: "CLIENT REPLY <ON | OFF | SKIP>", summary: "Says whether this connection wants replies: all, none, or none to the next command.",
	run: func(c *conn, args [][]byte) error {
		switch {
		case is(args[2], "ON"):
			c.mute = mute{}
			c.out.Simple("OK")
		case is(args[2], "OFF"):
			c.mute = mute{off: true}
		case is(args[2], "SKIP"):
			if !c.mute.off {
				c.mute.skip = 2
			}
		default:
			return errSyntax
		}
		return nil
	},
}
