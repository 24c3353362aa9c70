package respserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
)

// See https://redis.io/commands/wait/

const (
	// waitLook is how often WAIT looks what other regions have told, and waitMost how long it waits at most.
	waitLook = 10 * time.Millisecond
	waitMost = 10 * time.Minute
)

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
	case millis == 0 || millis > waitMost.Milliseconds():
		millis = waitMost.Milliseconds()
	}
	if c.s.cfg.Regions == nil {
		return wanted, 0, nil
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
	written := c.s.cfg.Written()
	if have = c.s.cfg.Regions(written); int64(have) >= n || wait <= 0 {
		return have, nil
	}
	ctx, end := context.WithCancelCause(c.ctx)
	defer end(nil)
	timer := time.AfterFunc(wait, func() { end(errTimedOut) })
	defer timer.Stop()
	stop := c.attend(end)
	blocked := c.unblockable(end)
	have = c.s.pollRegions(ctx, written, n)
	blocked()
	stop()
	switch why := context.Cause(ctx); {
	case errors.Is(why, errGone):
		c.closing = true
	case why == errUnblocked && int64(have) < n:
		return have, errUnblocked
	}
	return have, nil
}

// pollRegions looks until n regions hold an update, or ctx has ended.
func (s *Server) pollRegions(ctx context.Context, written clock.Dot, n int64) (have int) {
	tick := time.NewTicker(waitLook)
	defer tick.Stop()
	for {
		if have = s.cfg.Regions(written); int64(have) >= n {
			return have
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return have
		}
	}
}
