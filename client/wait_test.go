package client_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
)

func TestWaitForRegions(t *testing.T) {
	var holding, looks atomic.Int64
	node := clienttest.NewServer(t, clienttest.WithSurface(func(c *grpcserver.Config) {
		c.Regions = server.Regions{
			Written: func() clock.Dot { return clock.Dot{Origin: 7, Seq: 5} },
			Holding: func(d clock.Dot) int {
				looks.Add(1)
				return int(holding.Load()) + int(d.Seq) - 5
			},
		}
	}))
	ctx, db := t.Context(), node.Dial(t)
	for _, timeout := range []time.Duration{0, -time.Second, 20 * time.Millisecond} {
		n, err := db.Wait(ctx, 1, timeout)
		check(t, err)
		equal(t, "none", n, 0)
	}
	waited := make(chan int)
	looks.Store(0)
	go func() {
		n, err := db.Wait(ctx, 2, time.Minute)
		if err != nil {
			t.Error(err)
		}
		waited <- n
	}()
	for looks.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	holding.Store(2)
	equal(t, "after a wait", <-waited, 2)
	given, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.Wait(given, 3, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestWaitWithoutOtherRegions(t *testing.T) {
	n, err := clienttest.NewServer(t).Dial(t).Wait(t.Context(), -1, time.Minute)
	check(t, err)
	equal(t, "regions", n, 0)
}

func TestWaitEndsWithTheNode(t *testing.T) {
	looked := make(chan struct{}, 1)
	node := clienttest.NewServer(t, clienttest.WithSurface(func(c *grpcserver.Config) {
		c.Regions = server.Regions{
			Written: func() clock.Dot { return clock.Dot{} },
			Holding: func(clock.Dot) int {
				select {
				case looked <- struct{}{}:
				default:
				}
				return 0
			},
		}
	}))
	db, ended := node.Dial(t), make(chan error)
	go func() {
		_, err := db.Wait(t.Context(), 1, 10*time.Minute)
		ended <- err
	}()
	<-looked
	check(t, node.Stop())
	check(t, <-ended)
}
