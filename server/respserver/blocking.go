package respserver

import (
	"context"
	"errors"
	"math"
	"os"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// aheadBytes bounds what is read of a client that sends more while its command waits. Beyond it, that the
// client has gone is noticed when the wait is over.
const aheadBytes = 16 << 10

// waiting is a command that waits for one of some keys where it finds nothing. The embedded one is what is
// done where it need not, or must not, wait.
type waiting struct {
	keyspace.Command
	keys    [][]byte
	of      crdt.Type
	at      func(key []byte) keyspace.Command
	shared  bool                  // see keyspace.Wait
	gone    error                 // likewise
	timeout time.Duration         // 0 is for ever
	nothing func() keyspace.Reply // see server.Waiting
}

// Why a wait ended with nothing.
var (
	errTimedOut = errors.New("nothing came in time")
	errGone     = errors.New("the client has gone")
)

const errUnblocked refusal = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// block runs a command that may wait.
func (c *conn) block(cmd waiting, reply func(*resp.Writer, keyspace.Reply)) error {
	size := 0
	for _, key := range cmd.keys {
		size += len(key) + watchBytes
	}
	switch {
	case len(cmd.keys) > watchMax:
		return refusef("ERR too many keys to wait for: limit %d", watchMax)
	case !c.s.take(size):
		return errNoMemory
	}
	defer c.s.give(size)
	gate := c.s.cfg.Dispatcher
	w := &keyspace.Wait{Keys: cmd.keys, Type: cmd.of, Shared: cmd.shared, Gone: cmd.gone, Try: cmd.at, By: c.id, May: func() error { return gate.Still(cmd.Command) }}
	c.trackReads(cmd.Command)
	defer w.Close() // also where it is not known whether it has begun
	r, err := c.doInOrder(c.space, command.Await{Once: cmd.Command, Wait: w})
	if err == nil && !r.Found {
		r, err = c.await(w, cmd.timeout)
	}
	switch {
	case errors.Is(err, errTimedOut) && cmd.nothing != nil:
		reply(&c.out, cmd.nothing())
	case errors.Is(err, errTimedOut):
		c.out.NullArray()
	case errors.Is(err, errGone):
		c.closing = true
	case err != nil:
		return err
	default:
		reply(&c.out, r)
	}
	return nil
}

// await waits until w is done. Else the error says why not.
func (c *conn) await(w *keyspace.Wait, timeout time.Duration) (keyspace.Reply, error) {
	ctx, end := context.WithCancelCause(c.ctx)
	defer end(nil)
	if timeout > 0 {
		timer := time.AfterFunc(timeout, func() { end(errTimedOut) })
		defer timer.Stop()
	}
	stop := c.attend(end)
	blocked := c.unblockable(end)
	r, done, err := w.Await(ctx)
	blocked()
	stop()
	if err == nil && !done {
		err = context.Cause(ctx)
	}
	return r, err
}

// readAhead reads what the client sends while it waits, to notice that it goes, or that the node is
// draining: then it calls end. It reads until stop is called.
func (c *conn) readAhead(end context.CancelCauseFunc) (stop func()) {
	draining := func() { end(server.Errorf(server.CodeDraining, "the node is draining")) }
	if c.net.SetReadDeadline(time.Time{}) != nil {
		end(errGone)
	}
	if c.s.isDraining() { // and has perhaps set the deadline before
		draining()
	}
	enough, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for len(c.ahead) < aheadBytes {
			b := make([]byte, 512)
			n, err := c.net.Read(b)
			c.ahead = append(c.ahead, b[:n]...)
			c.s.stats.in.Add(int64(n))
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				if c.s.isDraining() {
					draining()
				}
				return
			case err != nil:
				end(errGone)
				return
			}
		}
		select { // nothing more is read
		case <-c.s.draining:
			draining()
		case <-enough:
		}
	}()
	return func() {
		close(enough)
		c.wake()
		<-over
	}
}

// timeoutOf reads a number of seconds.
func timeoutOf(arg []byte) (time.Duration, error) {
	f, err := float(arg)
	switch {
	case err != nil:
		return 0, refusal("ERR timeout is not a float or out of range")
	case f*1000 >= math.MaxInt64:
		return 0, refusal("ERR timeout is out of range")
	case f < 0:
		return 0, refusal("ERR timeout is negative")
	}
	millis := math.Ceil(f * 1000)
	if millis >= math.MaxInt64/1e6 {
		return 0, nil // three hundred years
	}
	return time.Duration(millis) * time.Millisecond, nil
}
