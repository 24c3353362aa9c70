package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// TestIncrementsThatAreSentAgain: programs whose client goes from region to region count, while regions are cut off and
// killed. Half of them name their operations and go on until each is done: these are counted exactly. The others are told
// of the few whose outcome is not known.
func TestIncrementsThatAreSentAgain(t *testing.T) {
	c := start(t, three)
	var named, acked, unknown, again atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for w := range 6 {
		var endpoints []string
		for i := range three {
			endpoints = append(endpoints, c.addr(three[(w+i)%3]))
		}
		cl, err := client.Dial(t.Context(), "atoll://"+strings.Join(endpoints, ","))
		ok(t, err)
		t.Cleanup(func() { _ = cl.Close() })
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if w%2 == 0 {
					again.Add(untilDone(t, cl, fmt.Sprint("op", w, "/", i)))
					named.Add(1)
					continue
				}
				switch _, err := increment(t, cl, "default", ""); {
				case err == nil:
					acked.Add(1)
				case errors.Is(err, client.ErrUnknown):
					unknown.Add(1)
				case !errors.Is(err, client.ErrUnavailable):
					t.Errorf("a client was told %v", err)
				}
			}
		})
	}
	twice := 0
	for range 25 {
		victim := rand.IntN(3)
		c.dev("cut", three[victim], three[(victim+1)%3])
		c.dev("cut", three[victim], three[(victim+2)%3])
		time.Sleep(time.Duration(100+rand.IntN(150)) * time.Millisecond)
		twice = max(twice, c.voids())
		c.dev("kill", three[victim]) // what it has counted is known to nobody else
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		c.dev("start", three[victim])
		c.heal()
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
	}
	close(stop)
	load.Wait()
	c.heal()
	c.converge()
	t.Logf("%d named operations, %d calls for them more; %d others acknowledged, %d unknown; %d times carried out twice", named.Load(), again.Load(), acked.Load(), unknown.Load(), twice)
	if named.Load() < 100 {
		t.Errorf("%d named operations: too little happened", named.Load())
	}
	for _, r := range three {
		if n := must(c.at(r).Counter("named").Get(t.Context()))(t); n != named.Load() {
			t.Errorf("%s counts %d of %d named operations", r, n, named.Load())
		}
		if n := must(c.at(r).Counter("default").Get(t.Context()))(t); n < acked.Load() || n > acked.Load()+unknown.Load() {
			t.Errorf("%s counts %d of %d acknowledged and %d unknown", r, n, acked.Load(), unknown.Load())
		}
	}
}

// voids returns how many increments the nodes have made void since they were started.
func (c *cluster) voids() (n int) {
	c.t.Helper()
	for _, r := range three {
		text, err := c.scrape(r)
		ok(c.t, err)
		_, rest, there := strings.Cut(text, "\natoll_increments_void_total ")
		if !there {
			c.t.Fatal("no metric of increments that are void")
		}
		line, _, _ := strings.Cut(rest, "\n")
		n += must(strconv.Atoi(line))(c.t)
	}
	return n
}

// increment counts by one, within a second.
func increment(t *testing.T, cl *client.Client, key, id string) (int64, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if id != "" {
		ctx = client.WithOperationID(ctx, id)
	}
	return cl.Counter(key).Incr(ctx, 1)
}

// untilDone makes one operation until it is known to be done, and returns how many calls more than one that took.
func untilDone(t *testing.T, cl *client.Client, id string) (more int64) {
	for began := time.Now(); time.Since(began) < 2*time.Minute; more++ {
		_, err := increment(t, cl, "named", id)
		if err == nil {
			return more
		}
		if !errors.Is(err, client.ErrUnknown) && !errors.Is(err, client.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client was told %v", err)
			return more
		}
	}
	t.Error("an operation took two minutes")
	return more
}
