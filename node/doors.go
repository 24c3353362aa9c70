package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// durableLog serves the op log of a shard to peers.
//
// Invariant: it shows nothing beyond the shard's durable heads. The store shows commits before they
// are synced; a peer must never hold an update that this node can still lose.
type durableLog struct {
	db    *store.DB
	shard *keyspace.Shard
}

// Ended implements replication.Log.
func (l *durableLog) Ended(store.ShardID) ([]store.Head, *clock.Retired) { return l.shard.Ended() }

// Heads implements replication.Log.
func (l *durableLog) Heads(store.ShardID) ([]store.Head, <-chan struct{}) { return l.shard.Durable() }

// Next implements replication.Log.
func (l *durableLog) Next(id store.ShardID, o clock.Origin, after clock.Seq, maxBytes int) (frames [][]byte, last clock.Seq, err error) {
	durable := l.durable(o)
	if after >= durable {
		return nil, after, nil
	}
	view := l.db.View()
	defer func() {
		if e := view.Close(); err == nil {
			err = e
		}
	}()
	log := l.db.Log(id)
	last = after
	for size := 0; last < durable; {
		b, err := log.Next(view, o, last)
		if errors.Is(err, store.ErrCorrupt) {
			// Nothing that may be damaged leaves: the peer takes the state instead.
			if err = nil; len(frames) == 0 {
				err = &store.TruncatedError{Origin: o, Start: durable + 1}
			}
			return frames, last, err
		}
		if err != nil || b == nil {
			return frames, last, err
		}
		if len(frames) > 0 && size+len(b) > maxBytes {
			break
		}
		f, err := oplog.Decode(b)
		if err != nil {
			return nil, after, fmt.Errorf("op log of %v after %d: %w", o, last, err)
		}
		if f.Last() > durable {
			break // a frame is committed whole: its commit is not durable yet
		}
		frames, last, size = append(frames, b), f.Last(), size+len(b)
	}
	return frames, last, nil
}

func (l *durableLog) durable(o clock.Origin) clock.Seq {
	heads, _ := l.shard.Durable()
	for _, h := range heads {
		if h.Origin == o {
			return h.Seq
		}
	}
	return 0
}

// applier is the second door: frames of peers into the shard.
type applier struct {
	shard *keyspace.Shard
	disk  *diskGuard
}

// Merge implements replication.Applier.
func (a applier) Merge(ctx context.Context, _ store.ShardID, f *oplog.Frame, done func(error)) error {
	if err := a.disk.await(ctx, f.EncodedSize()); err != nil {
		return err
	}
	return a.shard.Merge(ctx, f, func(err error) {
		switch {
		case errors.Is(err, keyspace.ErrDiverged):
			err = fmt.Errorf("%w: %w", replication.ErrDiverged, err)
		case errors.Is(err, keyspace.ErrMalformed):
			err = fmt.Errorf("%w: %w", replication.ErrMalformed, err)
		}
		done(err)
	})
}
