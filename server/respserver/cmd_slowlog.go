package respserver

// See https://redis.io/commands/slowlog-get/

const flagsLog = "admin loading stale"

var rowSlowlog = row{
	name: "slowlog", arity: -2, group: "server", since: "2.2.12", complexity: "Depends on subcommand.", syntax: "SLOWLOG subcommand",
	summary: "Tells of commands that took long.",
	subs: []*row{
		{
			name: "slowlog|get", arity: -2, flags: flagsLog, categories: configAdmin, group: "server", since: "2.2.12",
			complexity: "O(N) for N entries", syntax: "SLOWLOG GET [count]", summary: "Returns the last of them, the newest first.",
			differs: "The time is that from the arrival of a command to its reply: of a write with the wait for the disk. A transaction is one entry, its EXEC. Secrets are `(redacted)`.",
			run:     runSlowlogGet,
		},
		{
			name: "slowlog|len", arity: 2, flags: flagsLog, categories: configAdmin, group: "server", since: "2.2.12",
			complexity: "O(1)", syntax: "SLOWLOG LEN", summary: "Returns how many are kept.",
			run: func(c *conn, _ [][]byte) error { c.out.Int(int64(c.s.slowlog.length())); return nil },
		},
		{
			name: "slowlog|reset", arity: 2, flags: flagsLog, categories: configAdmin, group: "server", since: "2.2.12",
			complexity: "O(N) for N entries", syntax: "SLOWLOG RESET", summary: "Forgets them.",
			run: func(c *conn, _ [][]byte) error { c.s.slowlog.reset(); c.out.Simple("OK"); return nil },
		},
	},
}

// slowlogCount is how many SLOWLOG GET returns when it is not said.
const slowlogCount = 10

func runSlowlogGet(c *conn, args [][]byte) error {
	n := int64(slowlogCount)
	if len(args) > 3 {
		return errSubSyntax(args)
	}
	if len(args) == 3 {
		var err error
		if n, err = integer(args[2]); err != nil || n < -1 {
			return refusal("ERR count should be greater than or equal to -1")
		}
	}
	list := c.s.slowlog.latest(n)
	c.out.Array(len(list))
	for _, e := range list {
		c.out.Array(6)
		c.out.Int(e.id)
		c.out.Int(e.at)
		c.out.Int(e.took.Microseconds())
		c.out.Array(len(e.args))
		for _, arg := range e.args {
			c.out.Text(arg)
		}
		c.out.Text(e.client)
		c.out.Text(e.name)
	}
	return nil
}
