package respserver

import (
	"fmt"
	"time"

	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/wait/

var rowWait = row{
	name: "wait", arity: 3, flags: "noscript", categories: "connection",
	group: "generic", since: "3.0.0", complexity: "O(1)", syntax: "WAIT numreplicas timeout",
	summary: "Waits until other regions hold the earlier writes, or for some milliseconds, and returns how many do.",
	differs: "It counts regions, not nodes, and each holds all that this node has written so far, durably, as `fsync` says there. A timeout of 0 is ten minutes. Within MULTI it does not wait.",
	run:     runWait,
}

func runWait(c *conn, args [][]byte) error {
	_, have, err := c.waitForRegions(args)
	if err == nil {
		c.out.Int(int64(have))
	}
	return err
}

var rowAck = row{
	name: "atoll.ack", arity: 3, flags: "noscript", categories: "connection",
	group: "generic", since: "7.0.0", complexity: "O(1)", syntax: "ATOLL.ACK regions timeout",
	summary: "Waits until so many other regions hold the earlier writes durably, or for some milliseconds, and is an error if they do not.",
	differs: "Not in Redis. As `WAIT`, for who wants no count but certainty: `OK`, or `NOACK`. Either way the writes are done here, and go on travelling.",
	run: func(c *conn, args [][]byte) error {
		wanted, have, err := c.waitForRegions(args)
		switch {
		case err != nil:
			return err
		case int64(have) < wanted:
			return refusal(fmt.Sprintf("NOACK %d of %d other regions hold the writes; they are done here and go on travelling: ask again, or see ATOLL.LAG", have, wanted))
		}
		c.out.Simple("OK")
		return nil
	},
}

// waitForRegions runs what the arguments of WAIT say, and returns how many regions were wanted and how many
// there are.
func (c *conn) waitForRegions(args [][]byte) (wanted int64, have int, err error) {
	if wanted, err = integer(args[1]); err != nil {
		return 0, 0, err
	}
	millis, err := integer(args[2])
	switch {
	case err != nil:
		return 0, 0, refusal("ERR timeout is not an integer or out of range")
	case millis < 0:
		return 0, 0, refusal("ERR timeout is negative")
	case millis == 0 || millis > server.RegionsWaitMax.Milliseconds():
		millis = server.RegionsWaitMax.Milliseconds()
	}
	wait := time.Duration(millis) * time.Millisecond
	if c.tx != nil {
		wait = 0
	}
	return wanted, c.awaitRegions(wanted, wait), nil
}

// awaitRegions waits until n regions hold what is written by now.
func (c *conn) awaitRegions(n int64, wait time.Duration) int {
	ended := func() bool {
		select {
		case <-c.s.draining:
			return true
		default:
			return c.isKilled()
		}
	}
	return server.Regions{Written: c.s.cfg.Written, Holding: c.s.cfg.Regions}.Await(c.ctx, n, wait, ended)
}
