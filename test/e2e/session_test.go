package e2e

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// TestThreeRegionsComeUp: three regions are there in seconds, and what one writes the
// others read.
func TestThreeRegionsComeUp(t *testing.T) {
	began := time.Now()
	c := start(t, three)
	took := time.Since(began)
	t.Logf("ready in %v", took.Round(time.Millisecond))
	if took > 15*time.Second {
		t.Errorf("ready in %v", took)
	}
	for _, r := range three {
		if pong := must(c.at(r).Ping(t.Context()))(t); pong.Region != r {
			t.Errorf("%s answers as %+v", r, pong)
		}
		ok(t, c.at(r).Register("from-"+r).Set(t.Context(), []byte(r)))
	}
	c.converge()
	for _, r := range three {
		for _, from := range three {
			if v := get(t, c.at(r), "from-"+from); v != from {
				t.Errorf("%s reads %q of %s", r, v, from)
			}
		}
	}
}

// TestTransactionsAreSeenWhole: a reader in another region sees all of a transaction or
// nothing of it, while its link goes and comes.
func TestTransactionsAreSeenWhole(t *testing.T) {
	c := start(t, three)
	us, eu := c.at("us"), c.at("eu")
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		defer close(stop)
		for i := range 400 {
			if i%100 == 50 {
				c.dev("cut", "us", "eu")
			}
			if i%100 == 90 {
				c.heal()
			}
			if _, err := us.Txn().Set("x", fmt.Append(nil, i+1)).SAdd("s", fmt.Sprint(i)).Incr("n", 1).Commit(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	reads := 0
	for running := true; running; reads++ {
		select {
		case <-stop:
			running = false
		default:
		}
		r := must(eu.Txn().Get("x").Get("n").Commit(t.Context()))(t)
		if string(r[0].Value) != string(r[1].Value) {
			t.Errorf("eu sees x = %q beside n = %q", r[0].Value, r[1].Value)
			break
		}
	}
	writer.Wait()
	c.heal()
	c.converge()
	t.Logf("%d reads", reads)
	if v := get(t, c.at("ap"), "n"); v != "400" {
		t.Errorf("ap counts %s", v)
	}
}

// TestStopUnderLoad: SIGTERM under load drains. Clients are told nothing but to try
// again, and what they were told is true.
func TestStopUnderLoad(t *testing.T) {
	c := start(t, three)
	var acked, unknown int64
	var mu sync.Mutex
	var load sync.WaitGroup
	stop := make(chan struct{})
	eu := c.at("eu")
	for range 8 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := eu.Counter("n").Incr(t.Context(), 1)
				mu.Lock()
				switch {
				case err == nil:
					acked++
				case errors.Is(err, client.ErrUnknown):
					unknown++
				case !errors.Is(err, client.ErrUnavailable):
					t.Errorf("clients were told %v", err)
				}
				mu.Unlock()
			}
		})
	}
	for range 5 {
		time.Sleep(100 * time.Millisecond)
		c.dev("stop", "eu")
		c.dev("start", "eu")
	}
	close(stop)
	load.Wait()
	c.converge()
	t.Logf("%d acknowledged, %d unknown", acked, unknown)
	if unknown != 0 {
		t.Errorf("%d outcomes are unknown after an orderly stop", unknown)
	}
	for _, r := range three {
		if n := must(c.at(r).Counter("n").Get(t.Context()))(t); n < acked || n > acked+unknown {
			t.Errorf("%s counts %d of %d acknowledged and %d unknown", r, n, acked, unknown)
		}
	}
}
