package respserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
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
	have, err = c.awaitRegions(wanted, wait)
	return wanted, have, err
}

// awaitRegions waits until n regions hold what is written by now, and returns how many do.
func (c *conn) awaitRegions(n int64, wait time.Duration) (have int, err error) {
	if c.s.cfg.Written == nil {
		return 0, nil
	}
	written := c.s.cfg.Written()
	regions := server.Regions{Written: func() clock.Dot { return written }, Holding: c.s.cfg.Regions}
	never := func() bool { return false }
	if have = regions.Await(c.ctx, n, 0, never); int64(have) >= n || wait <= 0 {
		return have, nil
	}
	ctx, end := context.WithCancelCause(c.ctx)
	defer end(nil)
	stop := c.attend(end)
	blocked := c.unblockable(end)
	have = regions.Await(ctx, n, wait, never)
	blocked()
	stop()
	switch why := context.Cause(ctx); {
	case errors.Is(why, errGone):
		c.closing = true
	case errors.Is(why, errUnblocked) && int64(have) < n:
		return have, errUnblocked
	}
	return have, nil
}
