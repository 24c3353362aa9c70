package respserver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// See https://redis.io/commands/client-pause/ and https://redis.io/commands/client-unpause/

// pauseMost is the longest pause.
const pauseMost = time.Hour

var rowClientPause = row{
	name: "client|pause", arity: -3, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "3.0.0",
	complexity: "O(1)", syntax: "CLIENT PAUSE timeout [WRITE | ALL]", summary: "Holds back the commands of all clients of this protocol at this node for some milliseconds, or only those that write.",
	differs: "At most an hour. `CLIENT PAUSE` and `CLIENT UNPAUSE` are not held back. Clients of gRPC and of other nodes, what arrives from other nodes, the end of keys, and commands that wait for keys already go on.",
	run:     runClientPause,
}

var rowClientUnpause = row{
	name: "client|unpause", arity: 2, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "6.2.0",
	complexity: "O(N) for N clients that wait", syntax: "CLIENT UNPAUSE", summary: "Ends what CLIENT PAUSE began.",
	run: func(c *conn, _ [][]byte) error { c.s.pause.end(); c.out.Simple("OK"); return nil },
}

func runClientPause(c *conn, args [][]byte) error {
	all := true
	switch {
	case len(args) > 4:
		return errSubSyntax(args)
	case len(args) == 4 && is(args[3], "WRITE"):
		all = false
	case len(args) == 4 && !is(args[3], "ALL"):
		return refusal("ERR CLIENT PAUSE mode must be WRITE or ALL")
	}
	millis, err := integer(args[2])
	switch {
	case err != nil || millis > pauseMost.Milliseconds():
		return refusal("ERR timeout is not an integer or out of range")
	case millis < 0:
		return refusal("ERR timeout is negative")
	}
	c.s.pause.begin(time.Duration(millis)*time.Millisecond, all)
	c.out.Simple("OK")
	return nil
}

// pause is what CLIENT PAUSE has begun.
type pause struct {
	some atomic.Bool // there may be one

	mu      sync.Mutex
	until   time.Time     // guarded by mu
	all     bool          // guarded by mu; not only writes
	changed chan struct{} // guarded by mu; closed when the others change; nil before the first
}

// begin begins a pause. While there is one already, the later end and the wider of both count, as with Redis.
func (p *pause) begin(d time.Duration, all bool) {
	now := time.Now()
	p.set(func() {
		if now.Before(p.until) {
			all = all || p.all
		}
		p.all = all
		if end := now.Add(d); end.After(p.until) {
			p.until = end
		}
		p.some.Store(true)
	})
}

func (p *pause) end() {
	p.set(func() {
		p.until = time.Time{}
		p.some.Store(false)
	})
}

// set changes what is paused, and lets those who wait look again.
func (p *pause) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	if p.changed != nil {
		close(p.changed)
	}
	p.changed = make(chan struct{})
}

// left returns how long a command is still held back, 0 if it is not, and what is closed when that may change.
func (p *pause) left(writes bool) (d time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d = time.Until(p.until)
	if d <= 0 {
		p.some.Store(false)
	}
	if d <= 0 || !p.all && !writes {
		return 0, nil
	}
	return d, p.changed
}

// holdBack waits while a command is not to run. The error says why it never is.
func (c *conn) holdBack(r *row) error {
	if !c.s.pause.some.Load() || r == &rowClientPause || r == &rowClientUnpause {
		return nil
	}
	writes := c.mayWrite(r)
	if d, _ := c.s.pause.left(writes); d == 0 {
		return nil
	}
	c.land()
	ctx, end := context.WithCancelCause(c.ctx)
	defer end(nil)
	stop := c.attend(end)
	c.s.pause.wait(ctx, writes)
	stop()
	err := context.Cause(ctx)
	if errors.Is(err, errGone) {
		c.closing = true
	}
	return err
}

// wait returns when a command is not held back any more, or ctx has ended.
func (p *pause) wait(ctx context.Context, writes bool) {
	for {
		d, changed := p.left(writes)
		if d == 0 {
			return
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// mayWrite tells whether a command is held back by a pause of writes: as with Redis, also PUBLISH.
func (c *conn) mayWrite(r *row) bool {
	if r != &rowExec || c.tx == nil {
		return has(r.flags, "write") || r == &rowPublish
	}
	return slices.ContainsFunc(c.tx.queue, func(q queued) bool { return c.mayWrite(q.row) })
}
