package e2e

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/atollkv/atoll/client"
)

// TestDamagedNotesOfOperationsEndNothing flips bytes in what a region has noted of operations with ids, under a node that
// runs and under one that does not: it serves, merges and counts on, and gets well.
func TestDamagedNotesOfOperationsEndNothing(t *testing.T) {
	c := start(t, []string{"eu", "us"}, oneTable)
	var done atomic.Int64
	incr := func(region string, n int) {
		var wg sync.WaitGroup
		for w := range 64 {
			wg.Go(func() {
				for i := w; i < n; i += 64 {
					_, err := c.at(region).Counter("n").Incr(t.Context(), 1)
					switch {
					case err == nil:
						done.Add(1)
					case !isDamaged(err):
						t.Errorf("%s: %v", region, err)
					}
				}
			})
		}
		wg.Wait()
	}
	incr("eu", 12000)
	c.converge()
	c.dev("kill", "eu")
	c.dev("start", "eu") // what was in the write-ahead log only is in tables now
	c.converge()
	for _, running := range []bool{true, false} {
		path, size := c.largestTable("eu")
		if !running {
			c.dev("kill", "eu")
		}
		for part := int64(86); part <= 96; part += 2 { // the notes come last
			flipByte(t, path, size*part/100)
		}
		if !running {
			c.dev("start", "eu")
		}
		c.scrub("eu")
		incr("us", 200)
		incr("eu", 200)
		eventually(t, fmt.Sprintf("damage of %s is healed", filepath.Base(path)), func() bool {
			m := c.scrub("eu")
			return m.GetDamaged() == 0 && len(m.GetOpen()) == 0
		})
		incr("eu", 200)
		c.converge()
		t.Logf("running %v: %d increments", running, done.Load())
	}
	for _, region := range []string{"eu", "us"} {
		if n, err := c.at(region).Counter("n").Get(t.Context()); err != nil || n != done.Load() {
			t.Errorf("%s has %d, %v; %d increments were acknowledged", region, n, err, done.Load())
		}
	}
	_, err := c.at("eu").Counter("n").Incr(client.WithOperationID(t.Context(), "may have been made"), 1)
	if !errors.Is(err, client.ErrUnknown) {
		t.Errorf("a retry after notes were lost: %v, want ErrUnknown", err)
	}
}

func isDamaged(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Code == "DAMAGED"
}
