package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/keyspace/command"

	"github.com/redis/go-redis/v9"
)

// streamReader reads a stream by ATOLL.XCURSOR, and counts how often it got each value.
type streamReader struct {
	key, cursor string
	got         map[string]int
}

func newStreamReader(key string) *streamReader { return &streamReader{key, "0", map[string]int{}} }

// read reads once and returns how many entries came.
func (s *streamReader) read(t *testing.T, c *redis.Client, args ...any) int {
	t.Helper()
	reply, err := c.Do(t.Context(), append([]any{"ATOLL.XCURSOR", s.key, s.cursor}, args...)...).Slice()
	if err != nil || len(reply) != 2 {
		t.Fatalf("ATOLL.XCURSOR %s %s %v: %v %v", s.key, s.cursor, args, reply, err)
	}
	s.cursor = reply[0].(string)
	entries := reply[1].([]any)
	for _, e := range entries {
		fields := e.([]any)[1].([]any)
		s.got[fields[1].(string)]++
	}
	return len(entries)
}

// rest reads until nothing is left.
func (s *streamReader) rest(t *testing.T, c *redis.Client) {
	t.Helper()
	for s.read(t, c, "COUNT", 2) > 0 {
	}
}

// TestCursorsOfThreeRegionsInEveryOrder lets regions that are cut off add to one stream, in every order of delivery. A reader
// who stays gets each entry once, whatever its id; one who goes from region to region, some of them behind, misses none.
func TestCursorsOfThreeRegionsInEveryOrder(t *testing.T) {
	nodes := trio(t)
	var clients []*redis.Client
	for _, n := range nodes {
		clients = append(clients, n.client(t))
	}
	for i, d := range deliveries() {
		key := fmt.Sprint("s", i)
		add := func(region int, value string) {
			time.Sleep(2 * time.Millisecond)
			if err := clients[region].XAdd(t.Context(), &redis.XAddArgs{Stream: key, Values: []string{"v", value}}).Err(); err != nil {
				t.Fatal(err)
			}
		}
		add(0, "first")
		eventually(t, "all are equal", converged(t, nodes))
		moving, stay := newStreamReader(key), []*streamReader{newStreamReader(key), newStreamReader(key), newStreamReader(key)}
		for round := range 2 {
			cutAll(nodes)
			for n := range 3 {
				for region := range 3 {
					add(region, fmt.Sprint(round, " ", region, " ", n))
					stay[region].read(t, clients[region], "COUNT", 1)
				}
				moving.read(t, clients[(n+i)%3], "COUNT", 2)
			}
			got := make(chan int, 1)
			stay[0].rest(t, clients[0])
			waiting := patient(t, nodes[0])
			go func() { got <- stay[0].read(t, waiting, "BLOCK", 60_000) }()
			d.heal(t, nodes)
			if n := <-got; n == 0 {
				t.Errorf("%v: who waits gets nothing", d)
			}
		}
		moving.rest(t, clients[(i+1)%3])
		all := clients[0].XRange(t.Context(), key, "-", "+").Val()
		if len(all) != 19 {
			t.Fatalf("%v: there are %d entries", d, len(all))
		}
		for region, s := range stay {
			s.rest(t, clients[region])
			for _, e := range all {
				if n := s.got[e.Values["v"].(string)]; n != 1 {
					t.Errorf("%v: the reader in region %d got %v %d times", d, region, e.Values, n)
				}
			}
		}
		for _, e := range all {
			if moving.got[e.Values["v"].(string)] == 0 {
				t.Errorf("%v: the reader who moves missed %v", d, e.Values)
			}
		}
	}
}

// patient returns a client for a call that waits.
func patient(t *testing.T, n *running) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: n.cfg.RESP.Listen, Protocol: 2, MaxRetries: -1, ReadTimeout: 2 * time.Minute})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestFollowGoesOnWhereANodeStops: who follows a stream at a node that stops goes on at the next one, in another region, and
// misses nothing.
func TestFollowGoesOnWhereANodeStops(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	const total, first = 60, 20
	added := 0
	add := func(n *running, until int) {
		for ; added < until; added++ {
			n.do(t, command.XAdd{Key: []byte("s"), Fields: [][]byte{[]byte("n"), fmt.Append(nil, added)}})
		}
	}
	add(us, first/2)
	eventually(t, "all are equal", converged(t, nodes))
	add(eu, first)
	eventually(t, "all are equal", converged(t, nodes))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := client.Dial(ctx, us.cfg.Listen+","+eu.cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, stopped := map[string]int{}, make(chan error, 1)
	for f, err := range db.Stream("s").Follow(ctx, client.FromBegin) {
		if err != nil {
			t.Fatalf("after %d entries: %v", len(got), err)
		}
		got[string(f.Fields[0].Value)]++
		if len(got) == first && added == first {
			go func() { stopped <- us.stop() }()
			add(ap, total)
		}
		if len(got) == total {
			break
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if len(got) != total {
		t.Errorf("%d entries of %d", len(got), total)
	}
}
