package transfer

import (
	"context"
	"errors"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

var (
	// ErrFuture refuses a snapshot that holds stamps further ahead than clocks may differ:
	// merged, they would drag this node's clock along.
	ErrFuture = errors.New("snapshot is stamped too far in the future")
	// ErrNothing refuses a snapshot that holds nothing this node lacks.
	ErrNothing = errors.New("the donor holds nothing that is missing here")
	// ErrBusy refuses a transfer while MaxServed are served.
	ErrBusy = errors.New("too many transfers are served")
)

// Snapshot is the durable state of a shard at one version vector. It must be closed.
type Snapshot interface {
	// Heads returns how far the snapshot has come, ascending by origin.
	Heads() []store.Head
	// Declared says who declared the origins, ascending by origin.
	Declared() ([]Declared, error)
	// Ends returns what is known of origins that have ended, encoded.
	Ends() []byte
	// Next returns the cells that follow a key, about maxBytes of them and at least one if
	// there is one. A nil key is the begin.
	Next(after []byte, maxBytes int) (*Chunk, error)
	Close() error
}

// State is what a node can give.
type State interface {
	// Snapshot pins the durable state of a shard.
	Snapshot(ctx context.Context, shard store.ShardID) (Snapshot, error)
	// Durable returns what the shard holds durably.
	Durable(shard store.ShardID) clock.VersionVector
}

// Step is one thing for the applier to do, in order: a [*Begin], a [*Chunk] or an [*End].
type Step any

// Applier merges state into this node.
type Applier interface {
	// Apply does one step and returns when it is durable. An error that wraps
	// replication.ErrDiverged or replication.ErrMalformed is the donor's fault.
	Apply(ctx context.Context, shard store.ShardID, step Step) error
	// Position tells how far a transfer has come.
	Position(shard store.ShardID) Position
}

// Position says how far a transfer has come.
type Position struct {
	// Active: a transfer was begun and has not ended.
	Active bool
	// UpTo is the last key merged, nil at the begin.
	UpTo []byte
	// Cells is how many cells were merged, Done which part of the keyspace, 0 to 1. At 1
	// only the End is left.
	Cells uint64
	Done  float64
}

// Stream carries messages of one transfer in order. Send and Recv may be called from two
// goroutines; Close from any.
type Stream interface {
	// Send may return io.EOF when the stream has ended; Recv then tells why.
	Send(Message) error
	Recv() (Message, error)
	// Close ends the stream, unblocks Send and Recv, and tells the peer the cause as far as
	// the transport can. Only the first call counts.
	Close(cause error)
}

// Transport opens streams, each on a connection of its own. An error that wraps
// replication.ErrRefused tells that the peer refused this node.
type Transport interface {
	DialTransfer(ctx context.Context, address string) (Stream, error)
}
