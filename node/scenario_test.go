package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/atollkv/atoll/clock"
)

// clients are a client of each node.
func clients(t *testing.T, nodes []*running) (list []*redis.Client) {
	t.Helper()
	for _, n := range nodes {
		list = append(list, n.client(t))
	}
	return list
}

// done stops the test where a command was refused.
func done(t *testing.T, c redis.Cmder) {
	t.Helper()
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
}

// everywhere compares what a command gives in every region.
func everywhere(t *testing.T, all []*redis.Client, want string, command ...any) {
	t.Helper()
	for i, c := range all {
		if got := fmt.Sprint(c.Do(t.Context(), command...).Val()); got != want {
			t.Errorf("region %d: %v gives %s, want %s", i, command, got, want)
		}
	}
}

// TestWhoSawAWriteWinsWithAClockThatIsBehind: eu's clock is five seconds behind those of the others, which
// max_offset allows here. What it writes after it has seen a write of us takes effect over that; what it
// writes beside one does not.
func TestWhoSawAWriteWinsWithAClockThatIsBehind(t *testing.T) {
	behind := filepath.Join(t.TempDir(), "offset")
	if err := os.WriteFile(behind, []byte("-5s"), 0o600); err != nil {
		t.Fatal(err)
	}
	nodes := trio(t, func(cfg *Config) {
		cfg.MaxOffset = 20 * time.Second
		if cfg.Region == "eu" {
			cfg.Dev.ClockOffsetFile = behind
		}
	})
	all, ctx := clients(t, nodes), t.Context()
	us, eu := all[0], all[1]
	// What eu writes first has seen nothing: its stamp is that of its clock.
	cutAll(nodes)
	done(t, us.Set(ctx, "beside", "us", 0))
	done(t, eu.Set(ctx, "beside", "eu", 0))
	if lag := nodes[1].hlc.Ahead(nodes[0].hlc.Last()); lag < 4*time.Second {
		t.Fatalf("eu's clock is %v behind", lag)
	}
	join(nodes)
	eventually(t, "all are equal", converged(t, nodes))
	everywhere(t, all, "us", "GET", "beside")
	for _, d := range deliveries() {
		k, s := d.String()+"/k", d.String()+"/s"
		done(t, us.Set(ctx, k, "a", 0))
		done(t, us.SAdd(ctx, s, "x"))
		eventually(t, "all have seen it", converged(t, nodes))
		cutAll(nodes)
		done(t, eu.Set(ctx, k, "b", 0))
		done(t, eu.Del(ctx, s))
		d.heal(t, nodes)
		everywhere(t, all, "b", "GET", k)
		everywhere(t, all, "[]", "SMEMBERS", s)
		join(nodes)
	}
}

// TestALargeSetIsDeletedBesideAnAdd deletes a set of 100,000 members in one region, while another one adds.
func TestALargeSetIsDeletedBesideAnAdd(t *testing.T) {
	members, step := 100_000, 2000
	if testing.Short() {
		members = 10_000
	}
	nodes := trio(t)
	all, ctx := clients(t, nodes), t.Context()
	us, eu := all[0], all[1]
	for _, d := range deliveries() {
		s := d.String()
		for from := 0; from < members; from += step {
			var some []any
			for i := range step {
				some = append(some, from+i)
			}
			done(t, us.SAdd(ctx, s, some...))
		}
		eventually(t, "all have the set", converged(t, nodes))
		everywhere(t, all, fmt.Sprint(members), "SCARD", s)
		cutAll(nodes)
		done(t, us.Del(ctx, s))
		done(t, eu.SAdd(ctx, s, "y"))
		d.heal(t, nodes)
		everywhere(t, all, "1", "SCARD", s)
		everywhere(t, all, "[y]", "SMEMBERS", s)
		join(nodes)
	}
}

// TestAWriteJustBeforeTheEndOfItsKeyArrives: a key ends in all regions at once, also in those that are cut off;
// what is written where its deletion has not arrived remains.
func TestAWriteJustBeforeTheEndOfItsKeyArrives(t *testing.T) {
	nodes := trio(t)
	all, ctx := clients(t, nodes), t.Context()
	us, eu := all[0], all[1]
	for _, d := range deliveries() {
		k, n, s := d.String()+"/k", d.String()+"/n", d.String()+"/s"
		gone := []any{"EXISTS", k, n, s}
		for _, key := range []string{k, n} {
			done(t, us.Set(ctx, key, "9", 0))
		}
		done(t, us.SAdd(ctx, s, "x"))
		eventually(t, "all have the keys", converged(t, nodes))
		before := nodes[0].live(t)
		for _, key := range []string{k, n, s} {
			done(t, us.PExpire(ctx, key, 500*time.Millisecond))
		}
		eventually(t, "all know when they end", converged(t, nodes))
		cutAll(nodes)
		eventually(t, "they have ended everywhere", func() bool {
			return !slices.ContainsFunc(all, func(c *redis.Client) bool { return c.Do(ctx, gone...).Val() != int64(0) })
		})
		done(t, eu.Set(ctx, k, "w", 0))
		done(t, eu.Incr(ctx, n))
		done(t, eu.SAdd(ctx, s, "m"))
		eventually(t, "us has deleted them", func() bool { return nodes[0].live(t) <= before-4 })
		everywhere(t, all[:1], "0", gone...)
		d.heal(t, nodes)
		everywhere(t, all, "w", "GET", k)
		everywhere(t, all, "1", "GET", n)
		everywhere(t, all, "[m]", "SMEMBERS", s)
		everywhere(t, all, "-1", "TTL", k)
		join(nodes)
	}
}

// TestAFourthRegionShowsTheSameOfThreeTypes: three regions claim a key for a type each. One that joins then
// and takes over their state shows the same, and so do all when each in turn deletes what it sees.
func TestAFourthRegionShowsTheSameOfThreeTypes(t *testing.T) {
	nodes := trio(t, func(cfg *Config) { cfg.Log.MaxBytes = 1 << 20 })
	all, ctx := clients(t, nodes), t.Context()
	claims := []func(c *redis.Client, k string) redis.Cmder{
		func(c *redis.Client, k string) redis.Cmder { return c.Set(ctx, k, "v", 0) },
		func(c *redis.Client, k string) redis.Cmder { return c.SAdd(ctx, k, "m") },
		func(c *redis.Client, k string) redis.Cmder { return c.HSet(ctx, k, "f", 1) },
	}
	types, shown := []string{"string", "set", "hash"}, map[string]string{}
	for i, d := range deliveries() {
		cutAll(nodes)
		last := 0
		for n := range 3 { // another type is the last one each time
			last = (i + n) % 3
			done(t, claims[last](all[n], d.String()))
			time.Sleep(2 * time.Millisecond) // a greater stamp
		}
		d.heal(t, nodes)
		shown[d.String()] = types[last]
		everywhere(t, all, types[last], "TYPE", d.String())
		join(nodes)
	}
	nodes[0].fill(t, "fill", 600)
	for _, n := range nodes {
		eventually(t, "no log reaches back", func() bool {
			o := nodes[0].shard.Stats().Origin
			start, err := n.db.Log(shardID).Start(o)
			return err == nil && start > 1
		})
	}
	cfg := testConfig(t, "sa")
	cfg.Gossip.Join = []string{nodes[0].cfg.Gossip.Listen}
	fourth := launch(t, cfg)
	serving(t, fourth)
	if st := fourth.fetcher.Status(); st.Ended == 0 {
		t.Errorf("the fourth region came without a transfer: %+v", st)
	}
	nodes, all = append(nodes, fourth), append(all, fourth.client(t))
	eventually(t, "four are equal", converged(t, nodes))
	for k, want := range shown {
		everywhere(t, all, want, "TYPE", k)
		for _, c := range all {
			if list, _ := c.Do(ctx, "ATOLL.SIBLINGS", k).Slice(); len(list) != 3 {
				t.Errorf("%s has siblings %v", k, list)
			}
		}
	}
	for _, c := range all {
		for k := range shown {
			done(t, c.Del(ctx, k))
		}
		eventually(t, "four are equal", converged(t, nodes))
		for k := range shown {
			first := fmt.Sprint(all[0].Do(ctx, "TYPE", k).Val())
			everywhere(t, all, first, "TYPE", k)
		}
	}
	for k := range shown {
		everywhere(t, all, "0", "EXISTS", k)
	}
}

// TestARegionThatWasAwayForLongerThanTheLog: ap is cut off. Keys are deleted, added and counted without it by
// the thousand, until no op log reaches back; it writes and deletes meanwhile.
func TestARegionThatWasAwayForLongerThanTheLog(t *testing.T) {
	const n = 1000
	nodes := trio(t, func(cfg *Config) { cfg.Log.MaxBytes = 1 << 20 })
	all, ctx := clients(t, nodes), t.Context()
	us, eu, ap := all[0], all[1], all[2]
	batch := func(c *redis.Client, of int, f func(p redis.Pipeliner, i int)) {
		t.Helper()
		if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range of {
				f(p, i)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	key := func(kind string, i int) string { return fmt.Sprint(kind, i) }
	large := make([]byte, 2<<10)
	batch(us, n, func(p redis.Pipeliner, i int) {
		p.Set(ctx, key("old", i), "v", 0)
		p.IncrBy(ctx, key("count", i), 5)
	})
	batch(ap, n, func(p redis.Pipeliner, i int) {
		p.Set(ctx, key("mine", i), "v", 0)
		p.IncrBy(ctx, key("count", i), 7)
	})
	eventually(t, "all are equal", converged(t, nodes))

	cutAll(nodes)
	nodes[0].cuts.Set([]string{"ap"}, nil)
	nodes[1].cuts.Set([]string{"ap"}, nil)
	batch(us, n, func(p redis.Pipeliner, i int) {
		p.Del(ctx, key("old", i))
		p.Set(ctx, key("new", i), large, 0)
		switch {
		case i%10 == 0: // what it had seen goes
			p.Del(ctx, key("count", i))
		default:
			p.IncrBy(ctx, key("count", i), 100)
		}
	})
	batch(ap, n, func(p redis.Pipeliner, i int) {
		p.IncrBy(ctx, key("count", i), 1000)
		p.Set(ctx, key("away", i), "v", 0)
		if i%2 == 0 {
			p.Del(ctx, key("mine", i))
		}
	})
	batch(eu, n, func(p redis.Pipeliner, i int) { p.Set(ctx, key("eu", i), large, 0) })
	for _, origin := range []clock.Origin{nodes[0].shard.Stats().Origin, nodes[1].shard.Stats().Origin} {
		for _, r := range nodes[:2] {
			eventually(t, r.cfg.Region+" has truncated its op log beyond what ap has", func() bool {
				start, err := r.db.Log(shardID).Start(origin)
				return err == nil && uint64(start) > uint64(nodes[2].durable().Get(origin))+1
			})
		}
	}
	join(nodes)
	eventually(t, "all are equal", converged(t, nodes))
	if st := nodes[2].fetcher.Status(); st.Ended == 0 {
		t.Errorf("ap came back without a transfer: %+v", st)
	}
	wrong := 0
	for at, c := range all {
		audit(ctx, c, n, func(kind string, i int, got string) {
			want := map[string]string{"old": "", "new": string(large), "eu": string(large), "away": "v", "mine": "v", "count": "1112"}[kind]
			switch {
			case kind == "mine" && i%2 == 0:
				want = ""
			case kind == "count" && i%10 == 0:
				want = "1000"
			}
			if got != want {
				if wrong++; wrong < 10 {
					t.Errorf("region %d: %s%d = %.10q, want %.10q", at, kind, i, got, want)
				}
			}
		})
	}
	if wrong > 0 {
		t.Errorf("%d values are wrong", wrong)
	}
}

// audit reads n keys of each kind.
func audit(ctx context.Context, c *redis.Client, n int, each func(kind string, i int, got string)) {
	for _, kind := range []string{"old", "new", "eu", "away", "mine", "count"} {
		var keys []string
		for i := range n {
			keys = append(keys, fmt.Sprint(kind, i))
		}
		for i, v := range c.MGet(ctx, keys...).Val() {
			got, _ := v.(string)
			each(kind, i, got)
		}
	}
}
