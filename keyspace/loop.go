package keyspace

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/atollkv/atoll/store"
)

// sealed is a commit on its way from the loop to its clients: applied, then
// acknowledged, then durable.
type sealed struct {
	commit  *store.Commit
	pending store.Pending // nil when nothing was written
	next    *published
	stats   Stats
	replies []answer
}

// answer is what one client gets once the commit is acknowledged.
type answer struct {
	to chan<- outcome
	outcome
}

// Run commits until ctx ends or the store fails, and returns when everything it started
// has ended. Requests that were accepted are answered.
func (s *Shard) Run(ctx context.Context) error {
	applied := make(chan *sealed, inFlightMax)
	acked := make(chan *sealed, unsyncedMax)
	ctx, stop := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { s.acknowledge(applied, acked, stop) })
	wg.Go(func() { s.settle(acked, stop) })
	s.loop(ctx, applied, stop)
	close(applied)
	wg.Wait()
	close(s.done)
	s.core.Close(ErrClosed)
	s.refuseRest()
	err := s.closeReads()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// loop is the commit loop: it takes what has come, at most batchMax requests, and
// commits it as one batch. While earlier commits are synced, requests gather: the
// batch grows with the load by itself.
func (s *Shard) loop(ctx context.Context, applied chan<- *sealed, stop context.CancelCauseFunc) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		var first request
		select {
		case <-ctx.Done():
			return
		case first = <-s.in:
		case <-tick.C:
			first = request{tick: true}
		}
		b := s.gather(first)
		if err := s.commit(b); err != nil {
			for _, a := range b.replies {
				a.to <- outcome{err: err}
			}
			stop(err)
			return
		}
		applied <- b
	}
}

// gather runs requests on the core until there are no more or the batch is full.
func (s *Shard) gather(r request) *sealed {
	b := &sealed{}
	for n := 1; ; n++ {
		s.handle(r, b)
		if n >= batchMax || s.core.Size() >= batchBytesMax || s.core.Failed() != nil {
			return b
		}
		select {
		case r = <-s.in:
		default:
			return b
		}
	}
}

func (s *Shard) handle(r request, b *sealed) {
	switch {
	case r.execute != nil:
		replies, _, err := s.core.Execute(r.execute)
		b.replies = append(b.replies, answer{r.reply, outcome{replies, err}})
	case r.frame != nil:
		s.core.Merge(r.frame, func(err error) {
			if err != nil && !errors.Is(err, ErrClosed) && s.cfg.Events.Refused != nil {
				s.cfg.Events.Refused(r.frame.Origin, err)
			}
			r.settled(err)
		})
	case r.tick:
		_ = s.core.Tick() // a failure stays in Core.Failed, which commit reports
	}
}

// commit applies the batch.
func (s *Shard) commit(b *sealed) error {
	if err := s.core.Failed(); err != nil {
		return err
	}
	b.stats = Stats{Origin: s.core.Origin(), Applied: s.core.Vector(), Waiting: s.core.Waiting()}
	if s.core.Idle() {
		return nil
	}
	b.commit = s.core.Seal()
	pending, err := s.store.Apply(b.commit)
	if err != nil {
		return err
	}
	b.pending, b.next = pending, newPublished(s.store.View(), s.core)
	return nil
}

// acknowledge publishes commits and answers their clients, in order.
func (s *Shard) acknowledge(applied <-chan *sealed, acked chan<- *sealed, stop context.CancelCauseFunc) {
	defer close(acked)
	for b := range applied {
		if b.pending != nil {
			if err := b.pending.Acked(); err != nil {
				stop(err)
				_ = b.next.view.Close() // nobody has seen it
				continue                // its clients learn ErrClosed: the outcome is not known
			}
		}
		s.publish(b)
		for _, a := range b.replies {
			a.to <- a.outcome
		}
		if b.pending != nil {
			acked <- b
		}
	}
}

func (s *Shard) publish(b *sealed) {
	s.mu.Lock()
	b.stats.Commits, b.stats.Records = s.stats.Commits, s.stats.Records
	old := (*published)(nil)
	records := 0
	if b.commit != nil {
		for _, f := range b.commit.Frames {
			records += int(f.Count)
		}
		b.stats.Commits++
		b.stats.Records += uint64(records)
		s.digests.touch(b.commit.Cells)
		old, s.current = s.current, b.next
	}
	s.stats = b.stats
	s.mu.Unlock()
	if old != nil {
		_ = s.release(old) // closing a snapshot of an open store does not fail
	}
	if b.commit != nil && s.cfg.Events.Committed != nil {
		s.cfg.Events.Committed(records, len(b.commit.Cells))
	}
}

// settle waits until commits are durable, and wakes those who ship them. Commits become
// durable in order: waiting for the last of those that have come is waiting for all.
func (s *Shard) settle(acked <-chan *sealed, stop context.CancelCauseFunc) {
	for b := range acked {
		batch := append(make([]*sealed, 0, 1+len(acked)), b)
		for range len(acked) {
			batch = append(batch, <-acked)
		}
		if err := batch[len(batch)-1].pending.Durable(); err != nil {
			stop(err)
			continue
		}
		for _, b := range batch {
			if s.cfg.Events.Durable != nil {
				s.cfg.Events.Durable(s.cfg.Shard, b.commit.Frames)
			}
			s.advance(b.commit.Heads)
		}
	}
}

// advance raises the durable heads.
func (s *Shard) advance(heads []store.Head) {
	if len(heads) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range heads {
		s.heads[h.Origin] = h
	}
	s.durable = slices.SortedFunc(maps.Values(s.heads), func(a, b store.Head) int { return cmp.Compare(a.Origin, b.Origin) })
	close(s.moved)
	s.moved = make(chan struct{})
}

// refuseRest answers what came too late.
func (s *Shard) refuseRest() {
	for {
		select {
		case r := <-s.in:
			if r.settled != nil {
				r.settled(ErrClosed)
			}
		default:
			return
		}
	}
}
