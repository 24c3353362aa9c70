package replication

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/store"
)

const (
	// BackoffMin and BackoffMax bound the pause between attempts to reach a peer. The
	// pause doubles; a random part of up to a half is taken off.
	BackoffMin = 100 * time.Millisecond
	BackoffMax = 5 * time.Second
	// DivergedBackoff is the pause after a peer whose history differs.
	DivergedBackoff = time.Minute
	// StuckAfter is how long a stream may be silent, although heartbeats are due, before
	// it is closed. It doubles, up to StuckMax, when the next stream is silent again: on
	// a very slow link one great record takes longer.
	StuckAfter = 3 * time.Second
	StuckMax   = 2 * time.Minute
	// MaxStreams bounds the streams served at a time.
	MaxStreams = 128

	tickEvery  = AckEvery
	routeEvery = 100 * time.Millisecond
	// sourceSilence is how long a served stream may be silent. It is longer than
	// StuckAfter because echoes queue behind frames on a slow link; the transport's
	// keepalive finds dead connections before.
	sourceSilence = 2 * time.Minute
	helloWithin   = 5 * time.Second
)

var (
	// ErrStuck closes a stream that was silent for too long.
	ErrStuck = errors.New("stream is stuck")
	// ErrCut closes a stream to a region that a test cut off.
	ErrCut = errors.New("link is cut")
	// ErrReplaced closes the older of two streams of one node.
	ErrReplaced = errors.New("replaced by a newer stream of the same node")
	// ErrStopped closes streams when the replicator stops, or does not run yet.
	ErrStopped = errors.New("replication is stopped")
	// ErrBusy refuses a stream when MaxStreams are served.
	ErrBusy = errors.New("too many replication streams")

	errDuplicate = errors.New("node is connected by another address")
)

// Stream carries messages of one stream in order. Send and Recv may be called from two
// goroutines; Close from any.
type Stream interface {
	// Send may return io.EOF when the stream has ended; Recv then tells why.
	Send(Message) error
	Recv() (Message, error)
	// Close ends the stream, unblocks Send and Recv, and tells the peer the cause as far
	// as the transport can. Only the first call counts.
	Close(cause error)
}

// Transport opens streams. An error that wraps ErrRefused, from Dial or Recv, tells
// that the peer refused this node.
type Transport interface {
	Dial(ctx context.Context, address string) (Stream, error)
}

// Peer is a node to pull from.
type Peer struct {
	// Address is where it is dialled; it names the peer.
	Address string
	// Node and Region are hints, empty when unknown.
	Node, Region string
	// Removed tells that the peer was removed from the cluster: the op log is not kept for
	// it and nothing is relayed by it. It is dialled for what it still has.
	Removed bool
	// Configured tells that the op log is kept until the peer has acknowledged it, also
	// when it was never heard of.
	Configured bool
}

// Config is what a Replicator works with.
type Config struct {
	Local     Identity
	Shards    []store.ShardID
	Log       Log
	Applier   Applier
	Transport Transport
	// Own returns the origins of a shard that are incarnations of this node.
	Own func(store.ShardID) []clock.Origin
	// Wall is read for all times.
	Wall clock.Wall
	// Stamp returns the latest timestamp of the HLC; nil sends 0.
	Stamp func() clock.Timestamp
	// Hold reports whether streams get no further credit for now; nil never holds.
	Hold func() bool
	// Members returns the encoded registry of members that is told to peers; nil tells none.
	Members func() []byte
	// Learn takes what a peer told; an error closes the stream. Nothing that the peer sends
	// later is taken before it returns.
	Learn func(peer Identity, registry []byte) error
	// Refuse tells why a node must not pull from this one, or nil.
	Refuse func(node string) error
	// Limit tells up to which record an origin is wanted at all, if there is a limit.
	Limit func(store.ShardID, clock.Origin) (clock.Seq, bool)
	// Window is the credit per stream in bytes; 0 means DefaultWindow.
	Window int64
	// Cuts may be nil.
	Cuts *linkcut.Cuts
	// Rand returns numbers in [0,1) for jitter; nil means math/rand.
	Rand   func() float64
	Events Events
}

func (c *Config) setDefaults() {
	if c.Window <= 0 {
		c.Window = DefaultWindow
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Stamp == nil {
		c.Stamp = func() clock.Timestamp { return 0 }
	}
	if c.Learn == nil {
		c.Learn = func(Identity, []byte) error { return nil }
	}
	if c.Refuse == nil {
		c.Refuse = func(string) error { return nil }
	}
	if c.Limit == nil {
		c.Limit = func(store.ShardID, clock.Origin) (clock.Seq, bool) { return 0, false }
	}
	c.Events.setDefaults()
}

// Events are told what happens; each may be nil. They must not block.
type Events struct {
	// Connected tells that a peer accepted this node's stream.
	Connected func(peer Identity)
	// Disconnected tells that a stream that was connected ended, and why.
	Disconnected func(peer Identity, cause error)
	// DialFailed tells that a peer could not be reached, or refused.
	DialFailed func(address string, cause error)
	// Served tells that a peer's stream was accepted, ServeEnded that it ended or was
	// refused.
	Served     func(peer Identity)
	ServeEnded func(peer Identity, cause error)
	// Diverged is an alarm: the peer holds other records under the same names.
	Diverged func(peer Identity, cause error)
}

func (e *Events) setDefaults() {
	ident := func(f *func(Identity)) {
		if *f == nil {
			*f = func(Identity) {}
		}
	}
	cause := func(f *func(Identity, error)) {
		if *f == nil {
			*f = func(Identity, error) {}
		}
	}
	ident(&e.Connected)
	ident(&e.Served)
	cause(&e.Disconnected)
	cause(&e.ServeEnded)
	cause(&e.Diverged)
	if e.DialFailed == nil {
		e.DialFailed = func(string, error) {}
	}
}

// pause returns the next pause after the given one, and the time to wait with jitter.
func pause(last time.Duration, random float64) (next, wait time.Duration) {
	next = min(max(2*last, BackoffMin), BackoffMax)
	return next, next - time.Duration(random*float64(next)/2)
}
