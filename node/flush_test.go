package node

import (
	"fmt"
	"testing"
)

// TestAFlushAgainstWritesItHasNotSeen flushes one of three regions that are cut off from
// each other, while the others write, by either command and in every order of delivery.
func TestAFlushAgainstWritesItHasNotSeen(t *testing.T) {
	nodes, ctx := trio(t), t.Context()
	us, eu, ap := nodes[0].client(t), nodes[1].client(t), nodes[2].client(t)
	run := func(command ...any) {
		t.Helper()
		if err := us.Do(ctx, command...).Err(); err != nil {
			t.Fatalf("%v: %v", command, err)
		}
	}
	for i, d := range deliveries() {
		flush := []string{"FLUSHALL", "FLUSHDB"}[(i+i/2)%2] // each with both kinds of delivery
		run("SET", "gone", "v")
		if err := ap.IncrBy(ctx, "n", 5).Err(); err != nil { // its own shard, which goes on after the reset
			t.Fatal(err)
		}
		run("SADD", "s", "a", "b")
		run("RPUSH", "l", "x")
		run("HSET", "h", "f", 1)
		eventually(t, "all are equal", converged(t, nodes))
		cutAll(nodes)
		run(flush)
		for _, err := range []error{
			eu.SAdd(ctx, "s", "c").Err(), eu.HSet(ctx, "h", "g", 2).Err(),
			ap.IncrBy(ctx, "n", 2).Err(), ap.RPush(ctx, "l", "y").Err(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		d.heal(t, nodes)
		for _, n := range nodes {
			c := n.client(t)
			got := fmt.Sprintln(c.Exists(ctx, "gone").Val(), c.SMembers(ctx, "s").Val(), c.HGetAll(ctx, "h").Val(),
				c.Get(ctx, "n").Val(), c.LRange(ctx, "l", 0, -1).Val(), c.DBSize(ctx).Val())
			if want := "0 [c] map[g:2] 2 [y] 4\n"; got != want {
				t.Errorf("%s of %s, with %s: %q, want %q", flush, n.cfg.Region, d, got, want)
			}
		}
		join(nodes)
		eventually(t, "all hear each other", converged(t, nodes))
		run(flush) // it has seen everything
	}
	eventually(t, "all are equal", converged(t, nodes))
	for _, n := range nodes {
		if size := n.client(t).DBSize(ctx).Val(); size != 0 {
			t.Errorf("%s holds %d keys", n.cfg.Region, size)
		}
	}
}
