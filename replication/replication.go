package replication

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

var (
	// ErrWrongCluster refuses a peer of another cluster.
	ErrWrongCluster = errors.New("cluster mismatch")
	// ErrSelf refuses a peer that has this node's own id: a loop, or a cloned node.
	ErrSelf = errors.New("peer has this node's id")
	// ErrNoProtocol refuses a peer without a common protocol version.
	ErrNoProtocol = errors.New("no common protocol version")
	// ErrMalformed reports a message that no correct peer sends.
	ErrMalformed = errors.New("malformed message")
	// ErrUnexpected reports a message at a moment when no correct peer sends it.
	ErrUnexpected = errors.New("unexpected message")
	// ErrCredit reports a source that sent more than it had credit for.
	ErrCredit = errors.New("credit exceeded")
	// ErrOrigin reports frames of an origin that is neither the peer's own nor wanted
	// from it, or a peer that calls this node's origin its own.
	ErrOrigin = errors.New("origin not allowed for this peer")
	// ErrDiverged reports that two nodes hold different records under the same name:
	// corruption, or one origin with two writers. Nothing is merged from such a peer.
	ErrDiverged = errors.New("histories diverge")
	// ErrRefused reports that the peer refused this node; its text gives the reason.
	ErrRefused = errors.New("refused by peer")
)

// Log is what this node holds durably. Implementations are safe for concurrent use.
type Log interface {
	// Heads returns the durable heads of a shard, and a channel that is closed when they
	// advance next. The slice is not changed afterwards.
	Heads(shard store.ShardID) ([]store.Head, <-chan struct{})
	// Ended returns the last heads of the origins that are retired, ascending, and the
	// table that explains vectors which do not name them any more. Heads that were asked
	// for before are explained.
	Ended(shard store.ShardID) ([]store.Head, *clock.Retired)
	// Next returns encoded durable frames of origin in order; the first contains record
	// after+1. It returns as many as fit into maxBytes, but at least one if there is one,
	// and the sequence of the last record returned. *store.TruncatedError tells that the
	// log starts later.
	Next(shard store.ShardID, origin clock.Origin, after clock.Seq, maxBytes int) (frames [][]byte, last clock.Seq, err error)
}

// Applier merges frames into this node.
type Applier interface {
	// Merge hands over a frame and blocks only while the shard's queue is full. done is
	// called once when the fate of the frame is settled: nil when it was applied or known
	// already; an error closes the stream it came from, and one that wraps ErrDiverged
	// keeps it closed for long. When Merge returns an error, done is not called.
	Merge(ctx context.Context, shard store.ShardID, frame *oplog.Frame, done func(error)) error
}

// Now is a moment as the shell reads it.
type Now struct {
	// Elapsed is monotonic time since a fixed start.
	Elapsed time.Duration
	// WallMillis is the wall clock in Unix milliseconds.
	WallMillis int64
	// Stamp is the latest timestamp of the node's HLC.
	Stamp clock.Timestamp
}

func knows(shards []store.ShardID, s store.ShardID) bool { return slices.Contains(shards, s) }

// holds returns what a log's shard holds, retired origins included.
func holds(l Log, id store.ShardID) clock.VersionVector {
	heads, _ := l.Heads(id)
	_, table := l.Ended(id)
	return vectorOf(heads).Carry(table)
}

// vectorOf returns the version vector of heads.
func vectorOf(heads []store.Head) clock.VersionVector {
	entries := make([]clock.Entry, len(heads))
	for i, h := range heads {
		entries[i] = clock.Entry{Origin: h.Origin, Seq: h.Seq}
	}
	return clock.VectorOf(entries...)
}

// sortedHeads returns heads ascending by origin, copying only when they are not.
func sortedHeads(heads []store.Head) []store.Head {
	byOrigin := func(a, b store.Head) int {
		return clock.Dot{Origin: a.Origin}.Compare(clock.Dot{Origin: b.Origin})
	}
	if slices.IsSortedFunc(heads, byOrigin) {
		return heads
	}
	heads = slices.Clone(heads)
	slices.SortFunc(heads, byOrigin)
	return heads
}
