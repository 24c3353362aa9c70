package node

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/atollkv/atoll/client"
)

// client is a client of a node by the Redis protocol.
func (r *running) client(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.cfg.RESP.Listen, MaxRetries: -1, ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// twoRegions starts two nodes that know each other.
func twoRegions(t *testing.T) (us, eu *running) {
	t.Helper()
	a, b := pair(t)
	us, eu = launch(t, a), launch(t, b)
	serving(t, us, eu)
	return us, eu
}

// TestAWaitEndsByAWriteOfAnotherRegion waits in one region for what is written in the other.
func TestAWaitEndsByAWriteOfAnotherRegion(t *testing.T) {
	us, eu := twoRegions(t)
	waiting, writing, ctx := eu.client(t), us.client(t), t.Context()
	isBlocked := func() bool {
		n, err := eu.client(t).Do(ctx, "CLIENT", "LIST").Text()
		return err == nil && strings.Contains(n, " flags=b ")
	}
	got := make(chan []string, 1)
	go func() {
		list, _ := waiting.BLPop(ctx, 0, "q").Result()
		got <- list
	}()
	eventually(t, "it waits", isBlocked)
	if err := writing.RPush(ctx, "q", "x").Err(); err != nil {
		t.Fatal(err)
	}
	if list := <-got; fmt.Sprint(list) != "[q x]" {
		t.Errorf("list: %q", list)
	}
	eventually(t, "it is gone everywhere", func() bool { return writing.Exists(ctx, "q").Val() == 0 })
	scored := make(chan *redis.ZWithKey, 1)
	go func() {
		z, _ := waiting.BZPopMin(ctx, 0, "z").Result()
		scored <- z
	}()
	eventually(t, "it waits", isBlocked)
	if err := writing.ZAdd(ctx, "z", redis.Z{Score: 2, Member: "m"}).Err(); err != nil {
		t.Fatal(err)
	}
	if z := <-scored; z == nil || z.Key != "z" || z.Member != "m" || z.Score != 2 {
		t.Errorf("sorted set: %v", z)
	}
}

// history is what consumers were given, by region.
type history struct {
	mu    sync.Mutex
	given map[string]map[string]int // guarded by mu; by region and element
}

func (h *history) add(region, element string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.given[region][element]++
}

// all is how many elements were given out anywhere.
func (h *history) all() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]bool{}
	for _, given := range h.given {
		for e := range given {
			seen[e] = true
		}
	}
	return len(seen)
}

// TestNothingIsLostAmongWaitingConsumers lets producers and consumers in two regions work at two lists, with
// waits so short that many end as an element comes. Each element is given to somebody, and once in a region.
func TestNothingIsLostAmongWaitingConsumers(t *testing.T) {
	us, eu := twoRegions(t)
	ctx := t.Context()
	h := &history{given: map[string]map[string]int{"us": {}, "eu": {}}}
	const producers, consumers, each = 2, 4, 150
	stop := make(chan struct{})
	var making, taking sync.WaitGroup
	for i, n := range []*running{us, eu} {
		region := n.cfg.Region
		for p := range producers {
			c, rnd := n.client(t), rand.New(rand.NewPCG(uint64(i), uint64(p)))
			making.Go(func() {
				for e := range each {
					element := fmt.Sprintf("%s-%d-%d", region, p, e)
					if err := c.RPush(ctx, fmt.Sprint("q", rnd.IntN(2)), element).Err(); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Duration(rnd.IntN(3)) * time.Millisecond)
				}
			})
		}
		for k := range consumers {
			c, rnd := n.client(t), rand.New(rand.NewPCG(uint64(i), uint64(100+k)))
			taking.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					timeout := float64(1+rnd.IntN(5)) / 1000
					list, err := c.Do(ctx, "BLPOP", "q0", "q1", timeout).StringSlice()
					switch {
					case errors.Is(err, redis.Nil):
					case err != nil:
						t.Error(err)
						return
					default:
						h.add(region, list[1])
					}
				}
			})
		}
	}
	making.Wait()
	defer taking.Wait()
	defer close(stop)
	eventually(t, "all are given out", func() bool { return h.all() == 2*producers*each })
	h.mu.Lock()
	defer h.mu.Unlock()
	for region, given := range h.given {
		for e, n := range given {
			if n > 1 {
				t.Errorf("%s: %s was given out %d times", region, e, n)
			}
		}
	}
}

// TestTheSDKWaitsForAnotherRegion waits over gRPC in one region for what is written in the other, beside a client of
// Redis that came first.
func TestTheSDKWaitsForAnotherRegion(t *testing.T) {
	us, eu := twoRegions(t)
	ctx, writing, waiting := t.Context(), us.client(t), eu.client(t)
	db, err := client.Dial(ctx, eu.cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first := make(chan []string, 1)
	go func() {
		list, _ := waiting.BLPop(ctx, 0, "q").Result()
		first <- list
	}()
	eventually(t, "it waits", func() bool {
		list, err := eu.client(t).Do(ctx, "CLIENT", "LIST").Text()
		return err == nil && strings.Contains(list, " flags=b ")
	})
	popped, read := make(chan string, 1), make(chan string, 1)
	go func() {
		key, values, err := db.PopAny(ctx, time.Minute, client.Front, 1, "none", "q")
		popped <- fmt.Sprint(key, values, err)
	}()
	go func() {
		entries, err := db.Stream("s").Await(ctx, time.Minute, client.StreamID{}, 0)
		read <- fmt.Sprint(len(entries), err)
	}()
	for _, command := range [][]any{{"RPUSH", "q", "1"}, {"RPUSH", "q", "2"}, {"XADD", "s", "*", "f", "v"}} {
		if err := writing.Do(ctx, command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	got := []string{fmt.Sprint(<-first), <-popped}
	if got[0] != "[q 1]" || got[1] != "q[2] <nil>" {
		t.Errorf("served %q", got)
	}
	if list := <-read; list != "1 <nil>" {
		t.Errorf("read %s", list)
	}
	eventually(t, "both are gone everywhere", func() bool { return writing.Exists(ctx, "q").Val() == 0 })
}
