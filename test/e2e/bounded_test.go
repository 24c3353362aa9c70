package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// TestAThousandUnitsAreSoldOnce lets three regions buy at once, while links are cut and healed at random:
// nothing is oversold, and all is sold in the end.
func TestAThousandUnitsAreSoldOnce(t *testing.T) {
	const stock = 1000
	c := start(t, three)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	ok(t, c.at("us").BoundedCounter("stock").Create(ctx, 0, stock))
	c.converge()
	var sold [3]atomic.Int64
	total := func() int64 { return sold[0].Load() + sold[1].Load() + sold[2].Load() }
	var wg sync.WaitGroup
	for i, region := range three {
		for range 2 {
			buyer := c.at(region).BoundedCounter("stock")
			wg.Go(func() {
				for total() < stock && ctx.Err() == nil {
					switch _, err := buyer.Decr(ctx, 1); {
					case err == nil:
						sold[i].Add(1)
						pause(ctx, 20*time.Millisecond) // so that the links are cut meanwhile
					case errors.Is(err, client.ErrNoRights):
						pause(ctx, 5*time.Millisecond) // do not ask again at once
					case ctx.Err() == nil:
						t.Errorf("%s: %v", region, err)
						return
					}
				}
			})
		}
	}
	for range 4 {
		if rand.IntN(2) == 0 {
			c.isolate()
		} else {
			c.cutOff(three[rand.IntN(3)])
		}
		c.heal()
	}
	wg.Wait()
	for i, region := range three {
		t.Logf("%s sold %d", region, sold[i].Load())
		if sold[i].Load() == 0 {
			t.Errorf("%s was granted nothing", region)
		}
	}
	if total() != stock {
		t.Fatalf("sold %d of %d", total(), stock)
	}
	c.converge()
	for _, region := range three {
		_, err := c.at(region).BoundedCounter("stock").Decr(t.Context(), 1)
		if left := must(c.at(region).BoundedCounter("stock").Get(t.Context()))(t); left != 0 || !errors.Is(err, client.ErrNoRights) {
			t.Errorf("%s has %d left, and sells more: %v", region, left, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
