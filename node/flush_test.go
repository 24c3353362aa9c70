package node

import (
	"fmt"
	"testing"
)

// TestAFlushAgainstWritesItHasNotSeen flushes one of three regions that are cut off from
// each other, while the others write; the links heal one region after the other.
func TestAFlushAgainstWritesItHasNotSeen(t *testing.T) {
	nodes, ctx := trio(t), t.Context()
	us, eu, ap := nodes[0].client(t), nodes[1].client(t), nodes[2].client(t)
	run := func(command ...any) {
		t.Helper()
		if err := us.Do(ctx, command...).Err(); err != nil {
			t.Fatalf("%v: %v", command, err)
		}
	}
	regions := []string{"us", "eu", "ap"}
	for late := range nodes {
		run("SET", "gone", "v")
		if err := ap.IncrBy(ctx, "n", 5).Err(); err != nil { // its own shard, which goes on after the reset
			t.Fatal(err)
		}
		run("SADD", "s", "a", "b")
		run("RPUSH", "l", "x")
		run("HSET", "h", "f", 1)
		eventually(t, "all are equal", converged(t, nodes))
		for i, n := range nodes {
			n.cuts.Set([]string{regions[(i+1)%3], regions[(i+2)%3]}, nil)
		}
		run("FLUSHALL")
		for _, err := range []error{
			eu.SAdd(ctx, "s", "c").Err(), eu.HSet(ctx, "h", "g", 2).Err(),
			ap.IncrBy(ctx, "n", 2).Err(), ap.RPush(ctx, "l", "y").Err(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range nodes { // all but the late one meet first
			if i != late {
				n.cuts.Set([]string{regions[late]}, nil)
			}
		}
		pair := append(nodes[:late:late], nodes[late+1:]...)
		eventually(t, "two are equal", converged(t, pair))
		for _, n := range nodes {
			n.cuts.Set(nil, nil)
		}
		eventually(t, "all are equal", converged(t, nodes))
		for _, n := range nodes {
			c := n.client(t)
			got := fmt.Sprintln(c.Exists(ctx, "gone").Val(), c.SMembers(ctx, "s").Val(), c.HGetAll(ctx, "h").Val(),
				c.Get(ctx, "n").Val(), c.LRange(ctx, "l", 0, -1).Val(), c.DBSize(ctx).Val())
			if want := "0 [c] map[g:2] 2 [y] 4\n"; got != want {
				t.Errorf("%s, with %s late: %q, want %q", n.cfg.Region, regions[late], got, want)
			}
		}
		run("FLUSHALL") // it has seen everything
	}
	eventually(t, "all are equal", converged(t, nodes))
	for _, n := range nodes {
		if size := n.client(t).DBSize(ctx).Val(); size != 0 {
			t.Errorf("%s holds %d keys", n.cfg.Region, size)
		}
	}
}
