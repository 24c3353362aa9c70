package respserver

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server/resp"
)

// conn is one connection. Its goroutine reads, runs and answers; a second one sends replies only
// while the client does not take them at once.
type conn struct {
	s      *Server
	id     int64
	net    net.Conn
	in     *resp.Reader
	limits resp.Limits
	output output

	listening listening
	tracking  tracking
	start     time.Time

	// owned by run
	ctx      context.Context
	out      resp.Writer
	admitted bool
	space    namespace.Name // that of keys
	tx       *transaction   // nil outside MULTI
	watched  *watched       // nil where nothing is watched
	held     int            // bytes taken for the command that is being read
	began    time.Time      // when the command that is being read began; zero between commands
	received int            // bytes of it, as they came
	closing  bool           // after the replies so far
	told     error          // what the running command was answered, when that is an error
	rejected bool           // the running command was refused before it began
	mute     mute           // which replies the client does not want

	ahead  []byte        // what came while a command waited
	waited time.Duration // by the running command
	ended  time.Time     // when the last command ended

	whole int // length of the replies that are complete

	flights     []flight // owned by run; writes that are carried out together, in order
	flightHeld  int      // bytes taken for them
	flightBytes int      // of their arguments

	mu   sync.Mutex
	seen seen // guarded by mu
}

// seen is what other clients see of a connection.
type seen struct {
	name, libName, libVersion string
	command                   string
	at                        time.Time
	space                     namespace.Name
	queued                    int // commands; -1 outside MULTI
	version                   int
	killed                    bool
	channels, patterns        int // that it listens to
	monitor                   bool
	unblock                   context.CancelCauseFunc // what CLIENT UNBLOCK ends; nil where there is nothing
	gone                      context.CancelCauseFunc // of a command that waits
}

func newConn(s *Server, n net.Conn, id int64) *conn {
	c := &conn{s: s, net: n, id: id, start: time.Now(), limits: resp.DefaultLimits(), admitted: !s.key.set}
	c.limits.KeepBytes = max(s.cfg.Dispatcher.Limits().ValueBytes, s.cfg.Dispatcher.Limits().KeyBytes)
	c.limits.Guest = !c.admitted
	c.output.c = c
	c.seen = seen{at: c.start, queued: -1, version: 2}
	c.in = resp.NewReader(source{c})
	c.in.Take = func(n int) bool {
		if !s.take(n) {
			return false
		}
		c.held += n
		return true
	}
	return c
}

// run serves the connection until it ends.
func (c *conn) run(ctx context.Context) {
	var cancel context.CancelFunc
	c.ctx, cancel = context.WithCancel(keyspace.WithWriter(ctx, c.id))
	err := c.loop()
	if failed := c.guarded(c.land); failed != nil {
		err = failed
	}
	c.leave(true)
	c.trackNothing()
	c.farewell(err)
	c.output.wait()
	var violation *resp.ProtocolError
	if errors.As(err, &violation) {
		c.linger()
	}
	_ = c.net.Close() // what was to be said is said
	cancel()
	c.endTransaction()
	c.release()
}

const (
	lingerWait  = 200 * time.Millisecond
	lingerBytes = 1 << 20
)

// linger reads on for a moment after the last reply. To close a connection with input that was not read
// resets it, and the client may never see why.
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.net.SetReadDeadline(time.Now().Add(lingerWait)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes) // it ends in any case
}

// errDraining ends a connection that waits while the node stops.
var errDraining = errors.New("the node is draining")

// loop runs commands until the connection ends. It always returns an error, nil when the client
// has been answered and is to go.
func (c *conn) loop() error {
	for !c.closing {
		if c.s.isDraining() && c.in.Buffered() == 0 {
			return errDraining
		}
		if err := c.in.Await(); err != nil {
			return err
		}
		c.began, c.received = time.Now(), c.in.Buffered()
		cmd, err := c.in.Read(&c.limits)
		if err != nil {
			return err
		}
		start := c.began
		c.began = time.Time{}
		if len(cmd.Args) > 0 || cmd.Dropped > 0 || cmd.Refused {
			if err := c.guarded(func() { c.answer(cmd, start) }); err != nil {
				return err
			}
		}
		c.release()
		if c.out.Len() > flushBytes {
			if err := c.flush(); err != nil {
				return err
			}
			c.tracking.settle(c)
		}
	}
	return nil
}

// errPanicked ends a connection whose command panicked.
var errPanicked = errors.New("a command panicked")

// guarded runs what answers commands; a panic ends the connection and nothing else.
func (c *conn) guarded(work func()) (err error) {
	c.whole = c.out.Len()
	defer func() {
		if v := recover(); v != nil {
			if c.s.cfg.Events.Panic != nil {
				c.s.cfg.Events.Panic(c.lastCommand(), v, debug.Stack())
			}
			c.out.Truncate(c.whole)
			c.out.Error("INTERNAL internal error; this is a defect in Atoll; the node's log has more")
			c.flights = nil // nobody learns what became of them
			err = errPanicked
		}
	}()
	work()
	return nil
}

// release gives back what the command held.
func (c *conn) release() {
	c.s.give(c.held)
	c.held = 0
}

// source is what the reader reads from: before it waits for the client, what is in
// flight lands and the replies so far are sent.
type source struct{ c *conn }

func (s source) Read(b []byte) (int, error) {
	c := s.c
	if err := c.guarded(c.land); err != nil {
		return 0, err
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	c.tracking.settle(c)
	if len(c.ahead) > 0 {
		n := copy(b, c.ahead)
		c.ahead = c.ahead[n:]
		c.received += n
		return n, nil
	}
	if err := c.net.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	if c.began.IsZero() && c.s.isDraining() {
		return 0, errDraining
	}
	n, err := c.net.Read(b)
	c.received += n
	c.s.stats.in.Add(int64(n))
	return n, err
}

// wake lets the goroutine look whether the node is draining, or the client was killed.
func (c *conn) wake() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) } // it is closed otherwise

// deadline is when the client is given up that has not sent more.
func (c *conn) deadline() time.Time {
	var at time.Time
	if idle := time.Duration(c.s.idleTimeout.Load()); idle > 0 && c.began.IsZero() && !c.listens() {
		at = time.Now().Add(idle)
	}
	if !c.began.IsZero() {
		at = c.began.Add(commandTimeout + time.Duration(c.received/slowestBytes)*time.Second)
	}
	if guest := c.start.Add(guestTimeout); !c.admitted && (at.IsZero() || guest.Before(at)) {
		return guest
	}
	return at
}

func (c *conn) flush() error {
	if c.out.Len() == 0 {
		return nil
	}
	err := c.output.send(c.out.Bytes())
	c.out.Reset()
	c.whole = 0
	return err
}

// farewell tells the client, and whoever watches, why the connection ends.
func (c *conn) farewell(err error) {
	var violation *resp.ProtocolError
	timeout := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case c.isKilled():
		c.report(EndKilled, "")
	case errors.As(err, &violation):
		c.out.Error("ERR " + violation.Error())
		c.report(EndProtocol, violation.Error())
	case errors.Is(err, resp.ErrTLS):
		c.report(EndForeign, err.Error())
	case c.output.failure() != nil:
		err = c.output.failure()
		fallthrough
	case errors.Is(err, errNotTaken):
		c.report(EndOutput, err.Error())
		return
	case timeout && c.s.isDraining():
	case timeout && c.began.IsZero() && c.admitted:
		c.report(EndIdle, "")
	case timeout:
		c.report(EndSlow, "")
	case err != nil && !errors.Is(err, errPanicked) && !errors.Is(err, errDraining):
		if !errors.Is(err, io.EOF) {
			return // cut off: nobody hears
		}
	}
	_ = c.flush() // the connection ends anyway
}

func (c *conn) report(why Ending, detail string) {
	c.s.report(c.net.RemoteAddr().String(), why, detail)
}

// see changes what other clients see.
func (c *conn) see(change func(*seen)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.seen)
}

func (c *conn) look() seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

func (c *conn) lastCommand() string { return strings.ToUpper(c.look().command) }

func (c *conn) isKilled() bool { return c.look().killed }

// kill ends another connection, or this one after its reply.
func (c *conn) kill() {
	c.see(func(v *seen) {
		if v.killed = true; v.gone != nil {
			v.gone(errGone)
		}
	})
	_ = c.net.Close() // its goroutine notices
}
