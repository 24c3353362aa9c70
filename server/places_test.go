package server

import (
	"context"
	"errors"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// stuck is a shard whose writes do not end until they are let go.
type stuck struct {
	recorder
	begun, letGo chan struct{}
}

func (s *stuck) Execute(_ context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	s.begun <- struct{}{}
	<-s.letGo
	return make([]keyspace.Reply, len(cmds)), nil
}

func TestMoreWritesThanFitAreRefused(t *testing.T) {
	s := &stuck{begun: make(chan struct{}), letGo: make(chan struct{})}
	d := New(Config{Shard: s})
	d.places = make(places, 1)
	set := command.Set{Key: []byte("k")}
	write := func(ctx context.Context) <-chan error {
		done := make(chan error, 1)
		go func() {
			_, err := d.Do(ctx, "", set)
			done <- err
		}()
		return done
	}
	first := write(t.Context())
	<-s.begun
	var refused *Error
	if err := <-write(t.Context()); !errors.As(err, &refused) || refused.Code != CodeOverload || !refused.Retryable {
		t.Errorf("one more than fits: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.places.take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("given up while it waited: %v", err)
	}
	if _, err := d.Do(t.Context(), "", command.Get{Key: []byte("k")}); err != nil {
		t.Errorf("a read meanwhile: %v", err)
	}
	s.letGo <- struct{}{}
	if err := <-first; err != nil {
		t.Error(err)
	}
	again := write(t.Context())
	<-s.begun
	s.letGo <- struct{}{}
	if err := <-again; err != nil {
		t.Errorf("after the first is done: %v", err)
	}
}
