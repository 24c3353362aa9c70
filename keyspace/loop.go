package keyspace

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
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
	all     bool // any key may have changed
	events  []Event
	lost    []Conflict
	writers map[string]int64
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
	wg.Go(func() { s.learnCells(ctx) })
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
	atOnce := make(chan struct{})
	close(atOnce)
	for {
		var first request
		var postponed chan struct{} // nil is never
		if s.core.watches.postponed() {
			postponed = atOnce
		}
		select {
		case <-ctx.Done():
			return
		case first = <-s.clients:
		case first = <-s.others:
		case <-tick.C:
			first = request{tick: true}
		case <-postponed:
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
	s.core.watches.resume()
	for n := 0; ; {
		s.handle(r, b)
		s.serve(b)
		n += max(1, len(r.series))
		if r.last || n >= batchMax || s.core.Size() >= batchBytesMax || s.core.Failed() != nil {
			return b
		}
		select {
		case r = <-s.clients:
		case r = <-s.others:
		default:
			return b
		}
	}
}

func (s *Shard) handle(r request, b *sealed) {
	switch {
	case r.execute != nil:
		var replies []Reply
		err := r.wanted.Err()
		if err == nil {
			s.core.enter(writerIn(r.wanted))
			replies, _, err = s.core.Execute(r.execute)
			s.core.leave()
		}
		b.replies = append(b.replies, answer{r.reply, outcome{replies: replies, err: err}})
	case r.series != nil:
		b.replies = append(b.replies, answer{r.reply, outcome{replies: s.executeEach(r, b)}})
	case r.transfer != nil:
		done, err := s.core.Transfer(r.transfer)
		b.replies = append(b.replies, answer{r.reply, outcome{done: done, err: err}})
	case r.frame != nil:
		s.core.Merge(r.frame, func(err error) {
			if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, errFetchAgain) && s.cfg.Events.Refused != nil {
				s.cfg.Events.Refused(r.frame.Origin, err)
			}
			r.settled(err)
		})
	case r.control != nil:
		r.control(s.core)
		b.replies = append(b.replies, answer{r.reply, outcome{}})
	case r.tick:
		_ = s.core.Tick() // a failure stays in Core.Failed, which commit reports
	}
}

// commit applies the batch.
func (s *Shard) commit(b *sealed) error {
	if err := s.core.Failed(); err != nil {
		return err
	}
	b.all, b.events = s.core.watches.takeAll(), s.core.notes.take()
	b.lost = s.core.conflicts.take()
	b.stats = Stats{Origin: s.core.Origin(), Applied: s.core.Vector(), Waiting: s.core.Waiting(), Transfer: s.core.TransferState()}
	b.stats.Aside, b.stats.Above, b.stats.Quarantined = s.core.AsideCount(), s.core.limits.above, s.core.Quarantined()
	b.stats.Ends, b.stats.Once = s.core.Ends(), s.core.Once()
	if s.core.Idle() {
		return nil
	}
	b.writers = s.core.batch.writers
	b.commit = s.core.Seal()
	pending, err := s.store.Apply(b.commit)
	if err != nil {
		return err
	}
	b.pending, b.next = pending, newPublished(s.store.View(), s.core)
	return nil
}

// acknowledge publishes commits and answers their clients, in order. After one that failed
// nobody is answered any more, not even who wrote nothing: he may have seen what is lost.
func (s *Shard) acknowledge(applied <-chan *sealed, acked chan<- *sealed, stop context.CancelCauseFunc) {
	defer close(acked)
	failed := false
	for b := range applied {
		if !failed && b.pending != nil {
			if err := b.pending.Acked(); err != nil {
				failed = true
				stop(err)
			}
		}
		if failed {
			b.drop()
			continue
		}
		s.publish(b)
		s.core.conflicts.add(b.lost)
		s.tell(b)
		for _, a := range b.replies {
			a.to <- a.outcome
		}
		if b.pending != nil {
			acked <- b
		}
	}
}

// drop lets go of a commit that nobody has seen; its clients learn ErrClosed, since the
// outcome is not known.
func (b *sealed) drop() {
	if b.next != nil {
		_ = b.next.view.Close()
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
		s.digests.touches.advance(b.commit.Cells, s.current, b.next)
		old, s.current = s.current, b.next
		s.arrive()
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
			s.advance(b)
		}
	}
}

// advance tells that a commit is durable.
func (s *Shard) advance(b *sealed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced, s.ended = b.next.number, b.next.ended
	if len(b.commit.Heads)+len(b.commit.Retired) > 0 {
		s.raise(b.commit.Heads, b.commit.Retired)
	}
	close(s.moved)
	s.moved = make(chan struct{})
}

// raise raises the durable heads, and drops those of retired origins. The caller holds mu.
func (s *Shard) raise(heads []store.Head, retired []clock.Origin) {
	for _, h := range heads {
		s.heads[h.Origin] = h
	}
	for _, o := range retired {
		delete(s.heads, o)
	}
	s.durable = sortHeads(s.heads)
}

// durableTo waits until a commit, by its number, is durable.
func (s *Shard) durableTo(ctx context.Context, number uint64) error {
	for {
		s.mu.Lock()
		there, moved := s.synced >= number, s.moved
		s.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-moved:
		case <-s.done:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// refuseRest answers the frames that came too late; who waits for a reply sees that the shard is done.
func (s *Shard) refuseRest() {
	for {
		select {
		case r := <-s.others:
			if r.settled != nil {
				r.settled(ErrClosed)
			}
		default:
			return
		}
	}
}
