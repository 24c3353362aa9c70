package keyspace

import (
	"context"
	"maps"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// SetLimits replaces the limits and returns the durable heads, ascending by origin, as they
// were when the limits began to hold: of what is held, they do not advance any more.
func (s *Shard) SetLimits(ctx context.Context, l Limits) ([]store.Head, error) {
	var heads []store.Head
	var refused error
	err := s.control(ctx, func(c *Core) {
		refused = c.SetLimits(l)
		heads = sortHeads(c.ends.addRetired(maps.Clone(c.heads)))
	})
	if err != nil {
		return nil, err // the loop may still be at it
	}
	if refused != nil {
		return nil, refused
	}
	for {
		durable, moved := s.Durable()
		_, table := s.Ended()
		if vectorOf(heads).LessEq(vectorOf(durable).Carry(table)) {
			return heads, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, ErrClosed
		}
	}
}

// Replay issues what is kept aside of an origin again: see Core.Replay. It returns what it
// did up to an error.
func (s *Shard) Replay(ctx context.Context, o clock.Origin, translate func(*crdt.Update) []Command, skip bool) (all Replayed, err error) {
	return s.settleAll(ctx, func(c *Core) (Replayed, error) { return c.Replay(o, translate, skip) })
}

// DropAside forgets what is kept aside of an origin up to a record.
func (s *Shard) DropAside(ctx context.Context, o clock.Origin, upTo clock.Seq) (Replayed, error) {
	return s.settleAll(ctx, func(c *Core) (Replayed, error) { return c.DropAside(o, upTo) })
}

// Readmit merges what is kept aside of an origin, as far as it can be now: see [Core.Readmit].
func (s *Shard) Readmit(ctx context.Context, o clock.Origin) (Replayed, error) {
	return s.settleAll(ctx, func(c *Core) (Replayed, error) { return c.Readmit(o) })
}

func (s *Shard) settleAll(ctx context.Context, step func(*Core) (Replayed, error)) (all Replayed, err error) {
	for all.More = true; all.More && err == nil; {
		var n Replayed
		var stopped error
		if err = s.control(ctx, func(c *Core) { n, stopped = step(c) }); err != nil {
			return all, err // the loop may still be at it
		}
		err = stopped // what was settled before is committed
		all.Records, all.Empty, all.Skipped = all.Records+n.Records, all.Empty+n.Empty, all.Skipped+n.Skipped
		all.Done, all.More = max(all.Done, n.Done), n.More
	}
	return all, err
}
