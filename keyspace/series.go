package keyspace

import (
	"context"

	"github.com/atollkv/atoll/clock"
)

// ExecuteEach runs commands in order, each as a transaction by itself, and returns when all are acknowledged: they share
// commits. The Err of a command's reply tells why it was refused. The error is that of Execute where it is not known what
// became of them.
func (s *Shard) ExecuteEach(ctx context.Context, cmds []Command) ([]Reply, error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	reply := make(chan outcome, 1)
	if err := s.submit(ctx, s.clients, request{series: cmds, wanted: ctx, reply: reply}); err != nil {
		return nil, err
	}
	return s.await(ctx, reply)
}

// executeEach runs the commands of a series. Who waits for what one of them wrote is served before the next one.
func (s *Shard) executeEach(r request, b *sealed) []Reply {
	replies := make([]Reply, len(r.series))
	for i := range r.series {
		err := r.wanted.Err()
		if err == nil {
			s.core.enter(writerIn(r.wanted))
			_, err = s.core.executeIn(replies[i:i+1], r.series[i:i+1], clock.Dot{})
			s.core.leave()
		}
		if err != nil {
			replies[i] = Reply{Err: err}
		}
		s.serve(b)
	}
	return replies
}

// serve answers those who wait for what is there now.
func (s *Shard) serve(b *sealed) {
	s.core.serve(func(w *Wait, o outcome) { b.replies = append(b.replies, answer{w.done, o}) })
}
