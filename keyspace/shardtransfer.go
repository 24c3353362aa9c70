package keyspace

import "context"

// Snapshot returns the last acknowledged state, once it is durable.
func (s *Shard) Snapshot(ctx context.Context) (*Snapshot, error) {
	p, err := s.acquire(func() {})
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshotOf(ctx, p)
	if err != nil {
		_ = s.doneReading(p) // the first error tells more
		return nil, err
	}
	snap.close = func() error { return s.doneReading(p) }
	return snap, nil
}

func (s *Shard) snapshotOf(ctx context.Context, p *published) (*Snapshot, error) {
	if err := s.durableTo(ctx, p.number); err != nil {
		return nil, err
	}
	return NewSnapshot(p.view, s.cfg.Shard, p.sortedHeads())
}

// AwaitDurable waits until all that is acknowledged by now is durable.
func (s *Shard) AwaitDurable(ctx context.Context) error {
	s.mu.Lock()
	number := s.current.number
	s.mu.Unlock()
	return s.durableTo(ctx, number)
}

// Transfer does one step of taking over a donor's state and returns when it is
// acknowledged. Errors that match ErrTransfer, ErrMalformed, ErrDiverged or ErrFuture
// leave everything as it was.
func (s *Shard) Transfer(ctx context.Context, step TransferStep) error {
	for {
		reply := make(chan outcome, 1)
		if err := s.submit(ctx, s.others, request{transfer: step, reply: reply}); err != nil {
			return err
		}
		var o outcome
		select {
		case o = <-reply:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			if _, err := s.lastOutcome(reply); err != nil {
				return err
			}
			return ErrClosed
		}
		if o.err != nil || o.done {
			return o.err
		}
	}
}

// TransferState returns how far a transfer has come.
func (s *Shard) TransferState() TransferState { return s.Stats().Transfer }
