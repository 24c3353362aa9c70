package node

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/store"
)

// database is a client of a node by the Redis protocol, in a namespace with a number.
func (r *running) database(t *testing.T, n int) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.cfg.RESP.Listen, DB: n, MaxRetries: -1, ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// orders is a client of a node by gRPC, in a namespace with a name.
func (r *running) orders(t *testing.T) client.Namespace {
	t.Helper()
	c, err := client.Dial(t.Context(), r.cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.Namespace("orders")
}

// TestNamespacesConvergeInThreeRegions uses namespaces that are new in every region, at the same time, over a restart, and
// with a node that comes late.
func TestNamespacesConvergeInThreeRegions(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	ctx := t.Context()
	var wg sync.WaitGroup
	for i, n := range nodes {
		three, orders := n.database(t, 3), n.orders(t)
		wg.Go(func() {
			for j := range 50 {
				if err := three.Incr(ctx, "n").Err(); err != nil {
					t.Error(err)
				}
				if err := three.HSet(ctx, "h", fmt.Sprintf("%d:%d", i, j), "v").Err(); err != nil {
					t.Error(err)
				}
				if _, err := orders.Set("s").Add(ctx, fmt.Sprintf("%d:%d", i, j)); err != nil {
					t.Error(err)
				}
			}
			if err := n.database(t, 0).Set(ctx, fmt.Sprint("k", i), "v", 0).Err(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	eventually(t, "all are equal", converged(t, nodes))
	check := func(n *running) {
		t.Helper()
		three := n.database(t, 3)
		if got := three.Get(ctx, "n").Val(); got != "150" {
			t.Errorf("%s counts %s", n.cfg.Region, got)
		}
		if got := three.HLen(ctx, "h").Val(); got != 150 {
			t.Errorf("%s has %d fields", n.cfg.Region, got)
		}
		sizes, err := n.orders(t).Namespaces(ctx)
		if fmt.Sprint(sizes) != "map[3:{2 0} default:{3 0} orders:{1 0}]" || err != nil {
			t.Errorf("%s has %v, %v", n.cfg.Region, sizes, err)
		}
		if card, err := n.orders(t).Set("s").Len(ctx); card != 150 || err != nil {
			t.Errorf("%s has %d members, %v", n.cfg.Region, card, err)
		}
	}
	for _, n := range nodes {
		check(n)
	}
	if report := us.verify(t, verify.Options{}); len(report.Findings) > 0 {
		t.Errorf("verify: %+v", report)
	}

	if err := eu.stop(); err != nil {
		t.Fatal(err)
	}
	eu = launch(t, eu.cfg)
	serving(t, eu)
	check(eu)

	late := testConfig(t, "sa")
	late.Gossip.Join = []string{us.cfg.Gossip.Listen}
	sa := launch(t, late)
	serving(t, sa)
	eventually(t, "who came late is equal", converged(t, []*running{us, eu, ap, sa}))
	check(sa)
}

// TestATransactionOverNamespacesIsSeenAtOnce reads two keys of two namespaces while another region changes both by one
// transaction after the other: they are always equal.
func TestATransactionOverNamespacesIsSeenAtOnce(t *testing.T) {
	us, eu := twoRegions(t)
	ctx := t.Context()
	writing := us.database(t, 0)
	const last = 200
	go func() {
		for i := 1; i <= last; i++ {
			_, err := writing.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Do(ctx, "SELECT", "3")
				p.Set(ctx, "k", i, 0)
				p.Do(ctx, "ATOLL.NAMESPACE", "orders")
				p.Set(ctx, "k", i, 0)
				p.Do(ctx, "SELECT", "0")
				return nil
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	reading := eu.database(t, 0)
	eventually(t, "the last one has come", func() bool {
		list, err := reading.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Do(ctx, "SELECT", "3")
			p.Get(ctx, "k")
			p.Do(ctx, "ATOLL.NAMESPACE", "orders")
			p.Get(ctx, "k")
			p.Do(ctx, "SELECT", "0")
			return nil
		})
		if err != nil && err != redis.Nil || len(list) != 5 {
			t.Fatalf("%v, %v", list, err)
		}
		a, b := list[1].(*redis.StringCmd).Val(), list[3].(*redis.StringCmd).Val()
		if a != b {
			t.Fatalf("%q in 3, %q in orders", a, b)
		}
		return a == fmt.Sprint(last)
	})
}

// TestKeysOfNamespacesEnd lets keys end in three namespaces: a node deletes its own, by updates that other regions apply.
func TestKeysOfNamespacesEnd(t *testing.T) {
	us, eu := twoRegions(t)
	ctx := t.Context()
	for _, n := range []int{0, 3} {
		if err := us.database(t, n).Set(ctx, "k", "v", 50*time.Millisecond).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := us.orders(t).Register("k").Set(ctx, []byte("v"), client.EndsIn(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cells are gone", func() bool { return len(us.cells(t)) == 0 && len(eu.cells(t)) == 0 })
	info, err := us.database(t, 3).Info(ctx, "keyspace").Result()
	if err != nil || strings.Contains(info, "keys=") {
		t.Errorf("%q, %v", info, err)
	}
}

// TestVerifyNamesTheNamespace repairs a cell of a namespace that one region has lost.
func TestVerifyNamesTheNamespace(t *testing.T) {
	us, eu := twoRegions(t)
	ctx := t.Context()
	for i := range 20 {
		if err := us.database(t, 3).Set(ctx, fmt.Sprint("key", i), "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both are equal", converged(t, []*running{us, eu}))
	lost := us.cells(t)[7]
	p, err := us.db.Apply(&store.Commit{Shard: shardID, Cells: []store.Cell{{Key: lost.Key}}})
	if err == nil {
		err = p.Durable()
	}
	if err != nil {
		t.Fatal(err)
	}
	us.do(t, set("wake", "v")) // reads see the state after the last commit
	eventually(t, "both have the same updates", func() bool { return us.durable().Equal(eu.durable()) })
	report := us.verify(t, verify.Options{All: true, Repair: true, From: "eu"})
	if len(report.Findings) != 1 || !strings.HasPrefix(report.Findings[0].Name, `namespace 3: "key`) {
		t.Fatalf("findings %+v", report.Findings)
	}
	eventually(t, "it is repaired", converged(t, []*running{us, eu}))
	if got := us.database(t, 3).DBSize(ctx).Val(); got != 20 {
		t.Errorf("%d keys", got)
	}
}
