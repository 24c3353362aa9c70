package keyspace

import (
	"context"

	"github.com/atollkv/atoll/clock"
)

// AcceptParked is Core.AcceptParked; it returns when the records are applied and acknowledged.
func (s *Shard) AcceptParked(ctx context.Context, o clock.Origin) (Parked, error) {
	var p Parked
	if err := s.control(ctx, func(c *Core) { p = c.AcceptParked(o) }); err != nil {
		return Parked{}, err // the loop may still be at it
	}
	return p, nil
}

// control runs do between two requests of the commit loop and returns when what it
// changed is acknowledged. After an error nothing is known about it.
func (s *Shard) control(ctx context.Context, do func(*Core)) error {
	reply := make(chan outcome, 1)
	return s.ask(ctx, request{control: do, reply: reply}, reply)
}

// ask submits a request and waits for its outcome.
func (s *Shard) ask(ctx context.Context, r request, reply <-chan outcome) error {
	if err := s.submit(ctx, s.others, r); err != nil {
		return err
	}
	select {
	case o := <-reply:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		_, err := s.lastOutcome(reply)
		return err
	}
}
