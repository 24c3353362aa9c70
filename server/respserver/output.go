package respserver

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	// sendWait is how long a connection waits for its client to take replies before it goes on
	// with the next commands.
	sendWait = 2 * time.Millisecond
	// stuckTimeout is how long a client may take nothing at all of what waits for it.
	stuckTimeout = 30 * time.Second
	// pieceBytes is what is sent at a time.
	pieceBytes = 64 << 10
)

// errNotTaken is returned when a client does not take its replies.
var errNotTaken = errors.New("replies are not taken")

// output sends replies. Clients of Redis may send many commands before they read the first reply:
// what they do not take at once waits here, up to a bound, and a goroutine sends it.
type output struct {
	c *conn

	senders sync.WaitGroup
	mu      sync.Mutex
	waiting []byte // guarded by mu
	sending bool   // guarded by mu; a goroutine takes from waiting
	failed  error  // guarded by mu
}

// send sends b, or keeps a copy of what the client does not take. The error says that the
// connection is of no use any more.
func (o *output) send(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.failed != nil:
		return o.failed
	case o.sending:
		return o.keep(b)
	}
	n, err := o.write(b, sendWait)
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if err := o.keep(b[n:]); err != nil {
		return err
	}
	o.sending = true
	o.senders.Go(o.sendWaiting)
	return nil
}

// push lets b wait for its turn. It never waits for the client.
func (o *output) push(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil || o.keep(b) != nil {
		return // the connection ends
	}
	if !o.sending {
		o.sending = true
		o.senders.Go(o.sendWaiting)
	}
}

// keep lets replies wait. Callers hold mu.
func (o *output) keep(b []byte) error {
	total := len(o.waiting) + len(b)
	if len(o.waiting) > 0 && total > o.c.s.cfg.OutputBytes || !o.c.s.take(len(b)) {
		o.failed = fmt.Errorf("%w: %d bytes wait", errNotTaken, total)
		_ = o.c.net.Close() // the sender must not go on
		return o.failed
	}
	o.waiting = append(o.waiting, b...)
	return nil
}

// sendWaiting sends what waits until nothing does.
func (o *output) sendWaiting() {
	for {
		o.mu.Lock()
		b := o.waiting
		if o.waiting = nil; len(b) == 0 {
			o.sending = false
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		err := o.sendAll(b)
		o.c.s.give(len(b))
		if err != nil {
			o.fail(err)
			return
		}
	}
}

// fail ends the sending; what waits is dropped.
func (o *output) fail(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: none for %v", errNotTaken, stuckTimeout)
	}
	_ = o.c.net.Close() // the reading goroutine notices
	o.mu.Lock()
	defer o.mu.Unlock()
	o.c.s.give(len(o.waiting))
	o.waiting = nil
	if o.failed == nil { // else this error only follows from it
		o.failed = err
	}
}

func (o *output) sendAll(b []byte) error {
	for len(b) > 0 {
		n, err := o.write(b[:min(len(b), pieceBytes)], stuckTimeout)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (o *output) write(b []byte, wait time.Duration) (int, error) {
	if err := o.c.net.SetWriteDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	n, err := o.c.net.Write(b)
	o.c.s.stats.out.Add(int64(n))
	return n, err
}

// failure is why nothing more can be sent, or nil.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// wait waits until everything is sent, or nobody takes it.
func (o *output) wait() { o.senders.Wait() }
