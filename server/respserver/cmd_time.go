package respserver

import "strconv"

// See https://redis.io/commands/time/

var rowTime = row{
	name: "time", arity: 1, flags: "loading stale fast",
	group: "server", since: "2.6.0", complexity: "O(1)", syntax: "TIME",
	summary: "Returns the node's clock: seconds since 1970, and microseconds.", differs: "The clock is read in milliseconds.",
	run: func(c *conn, _ [][]byte) error {
		millis, _ := c.s.cfg.Wall.Read()
		c.out.Array(2)
		c.out.Text(strconv.FormatInt(millis/1000, 10))
		c.out.Text(strconv.FormatInt(millis%1000*1000, 10))
		return nil
	},
}
