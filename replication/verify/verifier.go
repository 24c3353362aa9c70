package verify

import (
	"context"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
)

// Peer is a node to compare with.
type Peer struct {
	Region, Node, Address string
	// Problem tells why it cannot be reached now; empty when it is to be tried.
	Problem string
}

// Transport opens conversations.
type Transport interface {
	Dial(ctx context.Context, address string) (Conn, error)
}

// Events tells what happens. Each function may be nil; none may block.
type Events struct {
	// Ended is called after each verification.
	Ended func(*Report)
	// Refused is called when a peer's comparison was refused or went wrong here.
	Refused func(error)
}

// Config says what to verify.
type Config struct {
	Self      Identity
	Replica   Replica
	Transport Transport
	Peers     func() []Peer
	Wall      clock.Wall
	// Salt draws the number that hashes of keys depend on in one verification.
	Salt func() uint64
	// Interval is the time between verifications in the background; 0 is off.
	Interval time.Duration
	// CellsPerSecond bounds how fast verifications in the background read; 0 is no bound.
	CellsPerSecond int
	// Repair lets verifications in the background heal this node's cells.
	Repair bool
	Events Events
}

// maxServed bounds the comparisons that peers may have open here.
const maxServed = 16

// Verifier compares this node with its peers, one verification at a time. It is safe for
// concurrent use.
type Verifier struct {
	cfg    Config
	one    chan struct{} // holds a token while a verification runs
	served chan struct{} // a token for each comparison served

	mu       sync.Mutex
	last     *Report       // guarded by mu
	progress *Progress     // guarded by mu; nil unless running
	paced    time.Duration // guarded by mu; until when reading is paid for
}

// New returns a verifier. It starts nothing.
func New(cfg Config) *Verifier {
	return &Verifier{cfg: cfg, one: make(chan struct{}, 1), served: make(chan struct{}, maxServed)}
}

// Last returns the latest report and, while a verification runs, how far it is; either
// may be nil. Neither must be changed.
func (v *Verifier) Last() (*Report, *Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last, v.progress
}

// Run verifies every Interval until ctx ends.
func (v *Verifier) Run(ctx context.Context) error {
	if v.cfg.Interval <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(v.cfg.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// ErrBusy: somebody verifies at this moment, which is as good.
		_, _ = v.Verify(ctx, Options{OwnDisk: true, Repair: v.cfg.Repair, Paced: true}, nil)
	}
}

// Verify compares this node with all peers. progress may be nil. The error is ErrBusy, or
// that of ctx; everything else is in the report.
func (v *Verifier) Verify(ctx context.Context, o Options, progress func(Progress)) (*Report, error) {
	select {
	case v.one <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-v.one }()
	r := newRun(v, o, func(p Progress) {
		v.mu.Lock()
		v.progress = &p
		v.mu.Unlock()
		if progress != nil {
			progress(p)
		}
	})
	report, err := r.do(ctx)
	v.mu.Lock()
	v.progress = nil
	if err == nil {
		v.last = report
	}
	v.mu.Unlock()
	if err == nil && v.cfg.Events.Ended != nil {
		v.cfg.Events.Ended(report)
	}
	return report, err
}

// Serve answers one peer: next gives its requests until io.EOF, and send takes the
// responses.
func (v *Verifier) Serve(ctx context.Context, next func() (Request, error), send func(Response) error) (err error) {
	select {
	case v.served <- struct{}{}:
	default:
		return ErrBusy
	}
	defer func() { <-v.served }()
	a := NewAnswerer(v.cfg.Self, v.cfg.Replica)
	defer func() {
		if e := a.Close(); err == nil {
			err = e
		}
	}()
	for {
		r, err := next()
		if err != nil {
			return err
		}
		out, err := a.Handle(ctx, r)
		if err == nil {
			err = send(out)
		}
		if err == nil {
			err = a.Prepare(ctx)
		}
		if err != nil {
			if v.cfg.Events.Refused != nil && ctx.Err() == nil {
				v.cfg.Events.Refused(err)
			}
			return err
		}
	}
}

// pace waits until reading some more cells is due.
func (v *Verifier) pace(ctx context.Context, cells int) error {
	if v.cfg.CellsPerSecond <= 0 {
		return ctx.Err()
	}
	_, now := v.cfg.Wall.Read()
	v.mu.Lock()
	v.paced = max(v.paced, now) + time.Duration(cells)*time.Second/time.Duration(v.cfg.CellsPerSecond)
	wait := v.paced - now
	v.mu.Unlock()
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
