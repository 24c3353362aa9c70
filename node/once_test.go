package node

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// swallow sends a command over a connection of its own, waits until it has taken effect, and closes the connection
// without having read the reply.
func swallow(t *testing.T, n *running, done func() bool, command ...string) {
	t.Helper()
	c, err := net.Dial("tcp", n.cfg.RESP.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	text := fmt.Sprintf("*%d\r\n", len(command))
	for _, word := range command {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command has taken effect", done)
}

// onceKind is an increment of a counter of some kind.
type onceKind struct {
	args func(key string) []string // by 5
	read func(key string) []any
}

var onceKinds = map[string]onceKind{
	"INCRBY":       {func(k string) []string { return []string{"INCRBY", k, "5"} }, func(k string) []any { return []any{"GET", k} }},
	"DECRBY":       {func(k string) []string { return []string{"DECRBY", k, "-5"} }, func(k string) []any { return []any{"GET", k} }},
	"INCRBYFLOAT":  {func(k string) []string { return []string{"INCRBYFLOAT", k, "5"} }, func(k string) []any { return []any{"GET", k} }},
	"HINCRBY":      {func(k string) []string { return []string{"HINCRBY", k, "f", "5"} }, func(k string) []any { return []any{"HGET", k, "f"} }},
	"HINCRBYFLOAT": {func(k string) []string { return []string{"HINCRBYFLOAT", k, "f", "5"} }, func(k string) []any { return []any{"HGET", k, "f"} }},
	"ZINCRBY":      {func(k string) []string { return []string{"ZINCRBY", k, "5", "f"} }, func(k string) []any { return []any{"ZSCORE", k, "f"} }},
}

func (o onceKind) words(command, id, key string) []string {
	return append([]string{command, id}, o.args(key)...)
}

func anys(words []string) (list []any) {
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

// TestARetriedIncrementCountsOnce: the reply to an increment is lost, its region is cut off, and it is sent again to the
// two others, which are cut off from each other. After healing it counts once, in every order of delivery.
func TestARetriedIncrementCountsOnce(t *testing.T) {
	nodes := trio(t)
	all, ctx := clients(t, nodes), t.Context()
	for _, d := range deliveries() {
		for name, o := range onceKinds {
			cutAll(nodes)
			key := d.String() + "/" + name
			read := func(c *redis.Client) string { return fmt.Sprint(c.Do(ctx, o.read(key)...).Val()) }
			swallow(t, nodes[0], func() bool { return read(all[0]) == "5" }, o.words("ATOLL.ONCE", "x", key)...)
			for _, c := range all[1:] {
				time.Sleep(2 * time.Millisecond)
				if got := fmt.Sprint(c.Do(ctx, anys(o.words("ATOLL.AGAIN", "x", key))...).Val()); got != "5" {
					t.Errorf("%s, %s: the retry is answered %s", name, d, got)
				}
			}
			done(t, all[2].Do(ctx, anys(o.words("ATOLL.ONCE", "y", key))...)) // another operation
		}
		d.heal(t, nodes)
		for name, o := range onceKinds {
			everywhere(t, all, "10", o.read(d.String()+"/"+name)...)
			for _, c := range all { // who asks once more is told what is
				if err := c.Do(ctx, anys(o.words("ATOLL.AGAIN", "x", d.String()+"/"+name))...).Err(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		eventually(t, "all are equal", converged(t, nodes))
		for name, o := range onceKinds {
			everywhere(t, all, "10", o.read(d.String()+"/"+name)...)
		}
		join(nodes)
	}
	for _, n := range nodes {
		if s := n.shard.Stats().Once; s.Duties != 0 {
			t.Errorf("%s: %+v", n.cfg.Region, s)
		}
	}
}

// TestARetriedIncrementBesideADeletion: the deletion has seen the first attempt, the second, both or none of them.
func TestARetriedIncrementBesideADeletion(t *testing.T) {
	nodes := trio(t)
	all, ctx := clients(t, nodes), t.Context()
	for _, d := range deliveries() {
		cutAll(nodes)
		key := func(what string) string { return d.String() + "/" + what }
		for _, what := range []string{"none", "first", "second"} {
			done(t, all[0].Do(ctx, "ATOLL.ONCE", "x", "INCRBY", key(what), 5))
			time.Sleep(2 * time.Millisecond)
			done(t, all[1].Do(ctx, "ATOLL.AGAIN", "x", "INCRBY", key(what), 5))
		}
		done(t, all[2].Del(ctx, key("none")))
		done(t, all[0].Del(ctx, key("first")))
		done(t, all[1].Del(ctx, key("second")))
		d.heal(t, nodes)
		everywhere(t, all, "5", "GET", key("none"))
		everywhere(t, all, "0", "GET", key("first"))
		everywhere(t, all, "5", "GET", key("second"))
		done(t, all[2].Del(ctx, key("none")))
		eventually(t, "all are equal", converged(t, nodes))
		everywhere(t, all, "<nil>", "GET", key("none"))
		join(nodes)
	}
}
