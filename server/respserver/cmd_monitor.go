package respserver

// See https://redis.io/commands/monitor/

var rowMonitor = row{
	name: "monitor", arity: 1, flags: flagsClientAdmin, categories: configAdmin,
	group: "server", since: "1.0.0", complexity: "O(N) for N commands of others", syntax: "MONITOR",
	summary: "Shows what other clients do, until RESET.",
	differs: "Commands come as they arrive; those of a transaction when they are queued. At most 16 clients at a time. Who does not take what was sent, up to a bound, is disconnected. Refused within MULTI.",
	alone:   true,
	run: func(c *conn, _ [][]byte) error {
		return c.tune(func(l *listening) error {
			if !c.s.monitors.add(c) {
				return refusef("ERR too many monitors: limit %d", monitorsMax)
			}
			l.monitor = true
			c.out.Simple("OK")
			return nil
		})
	},
}
