package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

func b(s string) []byte { return []byte(s) }

type node struct {
	*keyspace.Shard
	db   *store.DB
	stop func() error
}

func start(t *testing.T, fs vfs.FS, region string) *node {
	t.Helper()
	return startOver(t, fs, region, func(db *store.DB) keyspace.Store { return db })
}

// startOver starts a node that reaches its store through over.
func startOver(t *testing.T, fs vfs.FS, region string, over func(*store.DB) keyspace.Store) *node {
	t.Helper()
	return startWith(t, fs, region, clock.NewSystem(), over)
}

// startWith starts a node with a clock.
func startWith(t *testing.T, fs vfs.FS, region string, wall clock.Wall, over func(*store.DB) keyspace.Store) *node {
	t.Helper()
	db, err := store.Open(store.Options{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	heads, err := db.Heads(0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keyspace.Open(keyspace.Config{CoreConfig: keyspace.CoreConfig{
		Region: region, Node: "n1", CacheBytes: 256 << 10,
		NewOrigin: func() clock.Origin { return clock.Origin(rand.Uint64() | 1) },
	}}, over(db), clock.NewHLC(wall, keyspace.Floor(heads)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	n := &node{Shard: s, db: db}
	n.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-ended, db.Close())
	})
	t.Cleanup(func() {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func do(t *testing.T, n *node, cmds ...keyspace.Command) []keyspace.Reply {
	t.Helper()
	r, err := n.Execute(context.Background(), cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, n *node, c keyspace.Command) keyspace.Reply {
	t.Helper()
	r, err := n.Read(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestShardServesEveryCommand(t *testing.T) {
	before := goleak.IgnoreCurrent()
	n := start(t, vfs.NewMem(), "us")
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if r := read(t, n, command.Get{Key: b("k")}); string(r.Value) != "v" {
		t.Fatalf("GET k = %q", r.Value)
	}
	if r := do(t, n, command.Incr{Key: b("n"), Delta: 5}); r[0].Int != 5 {
		t.Fatalf("INCRBY n 5 = %d", r[0].Int)
	}
	if _, err := n.Execute(context.Background(), command.Incr{Key: b("k"), Delta: 1}); !errors.Is(err, keyspace.ErrNotInteger) {
		t.Fatalf("INCR of a word: %v", err)
	}
	if r := do(t, n, command.SAdd{Key: b("s"), Members: [][]byte{b("x"), b("y"), b("x")}}); r[0].Int != 2 {
		t.Fatalf("SADD = %d", r[0].Int)
	}
	if _, err := n.Execute(context.Background(), command.SAdd{Key: b("k"), Members: [][]byte{b("x")}}); !errors.Is(err, keyspace.ErrWrongType) {
		t.Fatalf("SADD on a string: %v", err)
	}
	if r := read(t, n, command.SCard{Key: b("s")}); r.Int != 2 {
		t.Fatalf("SCARD = %d", r.Int)
	}
	if r := read(t, n, command.Scan{}); len(r.List) != 3 {
		t.Fatalf("SCAN = %q", r.List)
	}
	if r := do(t, n, command.Delete{List: [][]byte{b("k"), b("s"), b("none")}}); r[0].Int != 2 {
		t.Fatalf("DEL = %d", r[0].Int)
	}
	if r := read(t, n, command.SMembers{Key: b("s")}); len(r.List) != 0 {
		t.Fatalf("SMEMBERS after DEL = %q", r.List)
	}
	if r := do(t, n, command.ResetCounter{Key: b("n")}); r[0].Int != 5 {
		t.Fatalf("reset = %d", r[0].Int)
	}
	if r := do(t, n, command.Incr{Key: b("n"), Delta: 1}); r[0].Int != 1 {
		t.Fatalf("INCR after reset = %d", r[0].Int)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	do(t, n, command.Set{Key: b("word"), Value: b("x")})
	_, err := n.Execute(context.Background(), command.Set{Key: b("a"), Value: b("1")}, command.Incr{Key: b("word"), Delta: 1})
	if !errors.Is(err, keyspace.ErrNotInteger) {
		t.Fatal(err)
	}
	if r := read(t, n, command.Get{Key: b("a")}); r.Found {
		t.Fatal("half a transaction is visible")
	}
	r := do(t, n,
		command.Set{Key: b("a"), Value: b("5")}, command.Incr{Key: b("a"), Delta: 2}, command.Get{Key: b("a")},
		command.SAdd{Key: b("s"), Members: [][]byte{b("x")}}, command.SRem{Key: b("s"), Members: [][]byte{b("x")}}, command.Exists{List: [][]byte{b("s")}},
		command.Delete{List: [][]byte{b("a")}}, command.Incr{Key: b("a"), Delta: 3},
	)
	if string(r[2].Value) != "7" || r[4].Int != 1 || r[5].Int != 0 || r[7].Int != 3 {
		t.Fatalf("replies %+v", r)
	}
	if r := read(t, n, command.Get{Key: b("a")}); string(r.Value) != "3" {
		t.Fatalf("a = %q", r.Value)
	}
}

func TestAcknowledgedWritesSurviveRestart(t *testing.T) {
	fs := vfs.NewMem()
	n := start(t, fs, "us")
	for i := range 100 {
		do(t, n, command.Incr{Key: b("n"), Delta: int64(i)})
	}
	before, err := n.Digest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	first := n.Stats().Origin
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n = start(t, fs, "us")
	after, err := n.Digest(context.Background())
	if err != nil || after.Sum != before.Sum || !after.Vector.Equal(before.Vector) {
		t.Fatalf("digest %x, was %x (%v)", after.Sum, before.Sum, err)
	}
	if r := do(t, n, command.Incr{Key: b("n"), Delta: 1}); r[0].Int != 4951 {
		t.Fatalf("n = %d", r[0].Int)
	}
	if n.Stats().Origin == first {
		t.Fatal("an origin was used over two openings")
	}
}

func TestScanListsEachKeyOnce(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	want := map[string]bool{}
	for i := range 500 {
		key := fmt.Sprintf("p\x00%d", i)
		want[key] = true
		do(t, n, command.Set{Key: b(key), Value: b("v")}, command.Set{Key: b("other" + key), Value: b("v")})
	}
	do(t, n, command.SAdd{Key: b("p\x00set"), Members: [][]byte{b("a"), b("b")}})
	want["p\x00set"] = true
	cursor := []byte(nil)
	for {
		r := read(t, n, command.Scan{Prefix: b("p\x00"), Limit: 7, Cursor: cursor})
		for _, k := range r.List {
			if !want[string(k)] {
				t.Fatalf("%q listed twice, or never written", k)
			}
			delete(want, string(k))
		}
		if cursor = r.Cursor; len(cursor) == 0 {
			break
		}
	}
	if len(want) > 0 {
		t.Fatalf("not listed: %v", want)
	}
	if _, err := n.Read(context.Background(), command.Scan{Cursor: b("xyz")}); !errors.Is(err, keyspace.ErrCursor) {
		t.Fatalf("forged cursor: %v", err)
	}
}

// TestACondemnedShardShowsNothing: not to clients, nor to those who compare or take over.
func TestACondemnedShardShowsNothing(t *testing.T) {
	fs := vfs.NewMem()
	n := start(t, fs, "eu")
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if err := n.db.SetMeta("condemned/0", b("others refuse its writes")); err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n = start(t, fs, "eu")
	_, read := n.Read(t.Context(), command.Get{Key: b("k")})
	_, write := n.Execute(t.Context(), command.Set{Key: b("k"), Value: b("w")})
	_, compared := n.Pin()
	_, given := n.Snapshot(t.Context())
	for what, err := range map[string]error{"read": read, "write": write, "compared": compared, "given away": given} {
		if !errors.Is(err, keyspace.ErrSuperseded) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := n.Stats().Ends.Superseded; !errors.Is(err, keyspace.ErrSuperseded) {
		t.Errorf("status: %v", err)
	}
}

// slowSync is a store whose commits are acknowledged at once and durable when told, as
// under fsync interval.
type slowSync struct {
	*store.DB
	sync chan struct{} // closed when the disk has synced
}

func (s slowSync) Apply(c *store.Commit) (store.Pending, error) {
	p, err := s.DB.Apply(c)
	return &slowPending{p, s.sync}, err
}

type slowPending struct {
	store.Pending
	sync chan struct{}
}

func (p *slowPending) Durable() error { <-p.sync; return p.Pending.Durable() }

// TestNothingIsShippedBeforeItIsDurable: an acknowledged update is shown to readers, but
// not to those who ship updates, as long as the loss of power could take it back.
func TestNothingIsShippedBeforeItIsDurable(t *testing.T) {
	disk := slowSync{sync: make(chan struct{})}
	n := startOver(t, vfs.NewMem(), "eu", func(db *store.DB) keyspace.Store { disk.DB = db; return disk })
	_, moved := n.Durable()
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if r := read(t, n, command.Get{Key: b("k")}); !r.Found {
		t.Error("it is acknowledged, and not shown")
	}
	select {
	case <-time.After(100 * time.Millisecond):
	case <-moved:
		t.Error("durable before the disk has synced")
	}
	close(disk.sync)
	select {
	case <-moved:
	case <-time.After(time.Minute):
		t.Fatal("not durable after the disk has synced")
	}
	if heads, _ := n.Durable(); len(heads) != 1 || heads[0].Seq != 1 {
		t.Errorf("durable: %v", heads)
	}
}
