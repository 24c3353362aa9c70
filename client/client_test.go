package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/internal/freeport"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestHandlesReadWhatTheyWrote(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	r := db.Register("r")
	_, err := r.Get(ctx)
	if !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("get of nothing: %v", err)
	}
	check(t, r.Set(ctx, []byte("v")))
	v, err := r.Get(ctx)
	check(t, err)
	equal(t, "value", string(v), "v")
	siblings, err := r.Siblings(ctx)
	check(t, err)
	if len(siblings) != 1 || !siblings[0].Shown || siblings[0].Region != "test" || string(siblings[0].Value) != "v" {
		t.Errorf("siblings = %+v", siblings)
	}
	there, err := r.Delete(ctx)
	check(t, err)
	equal(t, "deleted", there, true)

	n := db.Counter("n")
	total, err := n.Incr(ctx, 5)
	check(t, err)
	equal(t, "incr", total, 5)
	total, err = n.Decr(ctx, 2)
	check(t, err)
	equal(t, "decr", total, 3)
	total, err = n.Get(ctx)
	check(t, err)
	equal(t, "get", total, 3)
	total, err = n.Reset(ctx)
	check(t, err)
	equal(t, "reset", total, 3)
	total, err = n.Get(ctx)
	check(t, err)
	equal(t, "after reset", total, 0)

	s := db.Set("s")
	added, err := s.Add(ctx, "b", "a", "", "a")
	check(t, err)
	equal(t, "added", added, 3)
	removed, err := s.Remove(ctx, "b", "x")
	check(t, err)
	equal(t, "removed", removed, 1)
	has, err := s.Contains(ctx, "a")
	check(t, err)
	equal(t, "contains", has, true)
	size, err := s.Len(ctx)
	check(t, err)
	equal(t, "len", size, 2)
	var members []string
	for m, err := range s.Members(ctx) {
		check(t, err)
		members = append(members, string(m))
	}
	if !slices.Equal(members, []string{"", "a"}) {
		t.Errorf("members = %q", members)
	}
	there, err = s.Delete(ctx)
	check(t, err)
	equal(t, "deleted", there, true)
}

func TestScanAndMembersWalkAllPages(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	txn, members := db.Txn(), make([]string, 12_345)
	for i := range 12_345 {
		txn.Set(fmt.Sprintf("p/%d", i), nil)
		members[i] = fmt.Sprintf("%06d", i)
	}
	txn.Set("q", nil).SAdd("s", members...)
	_, err := txn.Commit(ctx)
	check(t, err)
	seen := map[string]bool{}
	for key, err := range db.Scan(ctx, "p/") {
		check(t, err)
		if seen[string(key)] {
			t.Fatalf("%s twice", key)
		}
		seen[string(key)] = true
	}
	equal(t, "keys", len(seen), 12_345)
	n := 0
	for m, err := range db.Set("s").Members(ctx) {
		check(t, err)
		equal(t, "member", string(m), members[n])
		n++
	}
	equal(t, "members", n, 12_345)
}

func TestHash(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	h := db.Hash("h")
	_, err := h.Get(ctx, "f")
	if !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("a field of nothing: %v", err)
	}
	added, err := h.Set(ctx, "f", []byte("1"))
	check(t, err)
	again, err := h.Set(ctx, "f", []byte("2"))
	check(t, err)
	equal(t, "added", [2]bool{added, again}, [2]bool{true, false})
	n, err := h.SetAll(ctx, map[string][]byte{"": []byte("e"), "f": []byte("3"), "g": nil})
	check(t, err)
	equal(t, "added", n, 2)
	fresh, err := h.SetNew(ctx, "g", []byte("x"))
	check(t, err)
	equal(t, "set a field that is there", fresh, false)
	n, err = h.Incr(ctx, "f", 4)
	check(t, err)
	equal(t, "f", n, 7)
	found, err := h.GetSome(ctx, "f", "z", "g")
	check(t, err)
	equal(t, "found", fmt.Sprint(found), "map[f:[55] g:[]]")
	length, err := h.ValueLen(ctx, "f")
	check(t, err)
	equal(t, "length", length, 1)
	var all, names, values []string
	for f, err := range h.All(ctx) {
		check(t, err)
		all = append(all, f.Name+"="+string(f.Value))
	}
	for f, err := range h.Names(ctx) {
		check(t, err)
		names = append(names, string(f))
	}
	for v, err := range h.Values(ctx) {
		check(t, err)
		values = append(values, string(v))
	}
	equal(t, "fields", fmt.Sprintf("%q %q %q", all, names, values), `["=e" "f=7" "g="] ["" "f" "g"] ["e" "7" ""]`)
	n, err = h.Remove(ctx, "f", "z")
	check(t, err)
	equal(t, "removed", n, 1)
	there, err := h.Contains(ctx, "f")
	check(t, err)
	equal(t, "contains", there, false)
	n, err = h.Len(ctx)
	check(t, err)
	equal(t, "fields", n, 2)
	results, err := db.Txn().HSet("h", "t", []byte("8")).HIncr("h", "t", 1).HDel("h", "g", "t").Commit(ctx)
	check(t, err)
	equal(t, "results", fmt.Sprint(results[0].Int, results[1].Int, results[2].Int), "1 9 2")
	deleted, err := h.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, true)
}

func TestAllFieldsWalksAllPages(t *testing.T) {
	ctx, h := t.Context(), clienttest.NewServer(t).Dial(t).Hash("h")
	fields := map[string][]byte{}
	for i := range 12_345 {
		fields[fmt.Sprintf("%06d", i)] = []byte{byte(i)}
	}
	_, err := h.SetAll(ctx, fields)
	check(t, err)
	n := 0
	for f, err := range h.All(ctx) {
		check(t, err)
		equal(t, "field", f.Name, fmt.Sprintf("%06d", n))
		equal(t, "value", f.Value[0], byte(n))
		n++
	}
	equal(t, "fields", n, 12_345)
}

func TestDeadlines(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	far := time.Now().Add(1000 * time.Hour)
	k := db.Register("k")
	near := func(what string, want time.Duration) {
		t.Helper()
		left, ends, err := db.TTL(ctx, "k")
		check(t, err)
		// By the node's clock, which reads the wall in whole milliseconds and may be one behind.
		if !ends || left > want+time.Millisecond || left < want-time.Minute {
			t.Fatalf("%s: %v %v, want %v", what, left, ends, want)
		}
	}
	check(t, k.Set(ctx, []byte("v"), client.EndsIn(time.Hour)))
	near("a value that ends", time.Hour)
	check(t, k.Set(ctx, []byte("w"), client.EndsAsBefore()))
	near("the same deadline", time.Hour)
	done, err := db.Expire(ctx, "k", client.EndsAt(far), client.IfSome, client.IfLater)
	check(t, err)
	equal(t, "later", done, true)
	near("a later one", 1000*time.Hour)
	for _, c := range []client.ExpireIf{client.IfNone, client.IfLater} {
		done, err = db.Expire(ctx, "k", client.EndsIn(time.Minute), c)
		check(t, err)
		equal(t, "condition that does not hold", done, false)
	}
	done, err = db.Expire(ctx, "k", client.EndsIn(time.Hour), client.IfSooner)
	check(t, err)
	equal(t, "sooner", done, true)
	check(t, k.Set(ctx, []byte("x")))
	_, ends, err := db.TTL(ctx, "k")
	check(t, err)
	equal(t, "ends after a plain Set", ends, false)
	results, err := db.Txn().Set("k", []byte("y"), client.EndsIn(time.Hour)).Persist("k").Expire("k", client.EndsIn(2*time.Hour)).Expire("none", client.EndsIn(1)).Commit(ctx)
	check(t, err)
	equal(t, "results", fmt.Sprint(results[1].Found, results[2].Found, results[3].Found), "true true false")
	near("a transaction", 2*time.Hour)
	done, err = db.Persist(ctx, "k")
	check(t, err)
	equal(t, "persisted", done, true)
	done, err = db.Expire(ctx, "k", client.EndsIn(0))
	check(t, err)
	equal(t, "ended", done, true)
	if _, _, err = db.TTL(ctx, "k"); !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("error = %v", err)
	}
	check(t, k.Set(ctx, []byte("v")))
	if _, err = db.Expire(ctx, "k", client.EndsIn(1<<63-1)); err != nil {
		t.Fatal(err)
	}
}

func TestTxnIsAllOrNothing(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	results, err := db.Txn().Set("a", []byte("1")).Incr("a", 4).Get("a").SAdd("s", "x", "y").SRem("s", "x").Delete("s", "none").Commit(ctx)
	check(t, err)
	got := fmt.Sprintf("%+v", results)
	want := "[{Found:false Value:[] Int:0 Score:0 ID:0-0 Reply:<nil>} {Found:false Value:[] Int:5 Score:0 ID:0-0 Reply:<nil>} {Found:true Value:[53] Int:0 Score:0 ID:0-0 Reply:<nil>} {Found:false Value:[] Int:2 Score:0 ID:0-0 Reply:<nil>} {Found:false Value:[] Int:1 Score:0 ID:0-0 Reply:<nil>} {Found:false Value:[] Int:1 Score:0 ID:0-0 Reply:<nil>}]"
	equal(t, "results", got, want)
	_, err = db.Txn().Set("b", nil).SAdd("a", "x").Commit(ctx)
	if !errors.Is(err, client.ErrWrongType) {
		t.Fatalf("error = %v", err)
	}
	n, err := db.Exists(ctx, "a", "b", "a")
	check(t, err)
	equal(t, "exists", n, 2)
}

func TestErrorsMatchTheirVariable(t *testing.T) {
	ctx := t.Context()
	db := clienttest.NewServer(t).Dial(t)
	check(t, db.Register("text").Set(ctx, []byte("x")))
	check(t, db.Register("max").Set(ctx, []byte("9223372036854775807")))
	huge := strings.Repeat("k", 64<<10+1)
	for _, c := range []struct {
		name string
		call func() error
		want error
	}{
		{"a set operation on a string", func() error { _, err := db.Set("text").Add(ctx, "m"); return err }, client.ErrWrongType},
		{"an increment of text", func() error { _, err := db.Counter("text").Incr(ctx, 1); return err }, client.ErrNotInteger},
		{"a counter read of text", func() error { _, err := db.Counter("text").Get(ctx); return err }, client.ErrNotInteger},
		{"an increment beyond 64 bits", func() error { _, err := db.Counter("max").Incr(ctx, 1); return err }, client.ErrOverflow},
		{"a decrement that has no negative", func() error { _, err := db.Counter("n").Decr(ctx, -1<<63); return err }, client.ErrOverflow},
		{"a key above the limit", func() error { return db.Register(huge).Set(ctx, nil) }, client.ErrTooLarge},
		{"a value above the limit", func() error { return db.Register("k").Set(ctx, make([]byte, 8<<20+1)) }, client.ErrTooLarge},
		{"a member above the limit", func() error { _, err := db.Set("s").Add(ctx, huge); return err }, client.ErrTooLarge},
		{"a message above the limit", func() error { return db.Register("k").Set(ctx, make([]byte, 18<<20)) }, client.ErrTooLarge},
		{"an empty key", func() error { return db.Register("").Set(ctx, nil) }, client.ErrInvalid},
		{"no members", func() error { _, err := db.Set("s").Add(ctx); return err }, client.ErrInvalid},
		{"an empty transaction", func() error { _, err := db.Txn().Commit(ctx); return err }, client.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(); !errors.Is(err, c.want) {
				t.Errorf("error = %v, want %v", err, c.want)
			}
		})
	}
	// The stream is as good as before.
	_, err := db.Ping(ctx)
	check(t, err)
}

func TestManyGoroutinesShareOneStream(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			key := fmt.Sprintf("own/%d", g)
			for i := range 20 {
				if _, err := db.Counter("shared").Incr(ctx, 1); err != nil {
					t.Error(err)
				}
				value := fmt.Appendf(nil, "%d.%d", g, i)
				if err := db.Register(key).Set(ctx, value); err != nil {
					t.Error(err)
				}
				if got, err := db.Register(key).Get(ctx); err != nil || !bytes.Equal(got, value) {
					t.Errorf("read %q, %v; wrote %q", got, err, value)
				}
			}
		})
	}
	wg.Wait()
	n, err := db.Counter("shared").Get(ctx)
	check(t, err)
	equal(t, "count", n, 64*20)
}

func TestClientReconnectsToARestartedServer(t *testing.T) {
	ctx, s := t.Context(), clienttest.NewServer(t)
	db := s.Dial(t, client.WithBackoff(time.Millisecond, 20*time.Millisecond))
	for i := range 3 {
		n, err := db.Counter("n").Incr(ctx, 1)
		check(t, err)
		equal(t, "count", n, int64(i+1))
		check(t, s.Restart())
	}
}

func TestDrainingServerLosesNoCall(t *testing.T) {
	ctx, s := t.Context(), clienttest.NewServer(t)
	db := s.Dial(t, client.WithBackoff(time.Millisecond, 20*time.Millisecond))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := int64(0)
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.Counter("n").Incr(ctx, 1); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
	}
	for range 3 {
		time.Sleep(20 * time.Millisecond)
		check(t, s.Restart())
	}
	close(stop)
	wg.Wait()
	n, err := db.Counter("n").Get(ctx)
	check(t, err)
	equal(t, "count", n, done)
}

func TestClientFailsOverToAnotherEndpoint(t *testing.T) {
	ctx := t.Context()
	a, b := clienttest.NewServer(t, clienttest.WithRegion("a")), clienttest.NewServer(t, clienttest.WithRegion("b"))
	db, err := client.Dial(ctx, "atoll://"+a.Addr+","+b.Addr)
	check(t, err)
	defer db.Close()
	pong, err := db.Ping(ctx)
	check(t, err)
	equal(t, "region", pong.Region, "a")
	check(t, a.Stop())
	pong, err = db.Ping(ctx)
	check(t, err)
	equal(t, "region", pong.Region, "b")
	equal(t, "endpoint", db.Endpoint(), b.Addr)
}

func TestDialTriesEveryEndpoint(t *testing.T) {
	s := clienttest.NewServer(t)
	db, err := client.Dial(t.Context(), deadAddr(t)+","+s.Addr)
	check(t, err)
	check(t, db.Close())
}

func TestDialSaysWhatItTried(t *testing.T) {
	addr := deadAddr(t)
	_, err := client.Dial(t.Context(), addr, client.WithBackoff(time.Millisecond, time.Millisecond))
	if !errors.Is(err, client.ErrUnavailable) {
		t.Fatalf("error = %v", err)
	}
	want := "cannot reach " + addr + " (connection refused) after 3 tries in "
	if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "atoll dev") {
		t.Errorf("error = %q, want %q in it", err, want)
	}
}

func deadAddr(t *testing.T) string {
	t.Helper()
	a, err := freeport.Address()
	check(t, err)
	return a
}

// stuck lets commands through only after release is closed.
type stuck struct {
	server.Shard
	arrived chan struct{}
	release chan struct{}
}

func (s *stuck) Execute(ctx context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	s.arrived <- struct{}{}
	select {
	case <-s.release:
	case <-ctx.Done():
	}
	return s.Shard.Execute(ctx, cmds...)
}

func (s *stuck) Read(ctx context.Context, cmd keyspace.Command) (keyspace.Reply, error) {
	s.arrived <- struct{}{}
	select {
	case <-s.release:
	case <-ctx.Done():
	}
	return s.Shard.Read(ctx, cmd)
}

func stuckServer(t *testing.T) (*clienttest.Server, *stuck) {
	hold := &stuck{arrived: make(chan struct{}, 100), release: make(chan struct{})}
	s := clienttest.NewServer(t, clienttest.WithShard(func(inner server.Shard) server.Shard {
		hold.Shard = inner
		return hold
	}))
	return s, hold
}

// proxy forwards connections until cut.
type proxy struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (p *proxy) dial(ctx context.Context, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err == nil {
		p.mu.Lock()
		p.conns = append(p.conns, c)
		p.mu.Unlock()
	}
	return c, err
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

func TestWriteOnALostConnectionIsUnknown(t *testing.T) {
	s, hold := stuckServer(t)
	var p proxy
	db := s.Dial(t, client.WithDialer(p.dial))
	failed := make(chan error, 1)
	go func() { _, err := db.List("l").PushBack(t.Context(), "v"); failed <- err }()
	<-hold.arrived
	p.cut()
	if err := <-failed; !errors.Is(err, client.ErrUnknown) {
		t.Errorf("error = %v, want ErrUnknown", err)
	}
	close(hold.release)
}

func TestReadOnALostConnectionIsTriedAgain(t *testing.T) {
	s, hold := stuckServer(t)
	var p proxy
	db := s.Dial(t, client.WithDialer(p.dial))
	failed := make(chan error, 1)
	go func() { _, err := db.Counter("n").Get(t.Context()); failed <- err }()
	<-hold.arrived
	p.cut()
	close(hold.release)
	check(t, <-failed)
}

func TestWriteThatTimesOutIsUnknown(t *testing.T) {
	s, hold := stuckServer(t)
	db := s.Dial(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := db.Counter("n").Incr(ctx, 1)
	if !errors.Is(err, client.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want ErrUnknown and DeadlineExceeded", err)
	}
	close(hold.release)
}

func TestCallWithoutDeadlineTakesTheDefault(t *testing.T) {
	s, hold := stuckServer(t)
	db := s.Dial(t, client.WithTimeout(20*time.Millisecond))
	_, err := db.Counter("n").Get(context.Background())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v", err)
	}
	close(hold.release)
}

func TestUnavailableNamesTheReason(t *testing.T) {
	s := clienttest.NewServer(t)
	db := s.Dial(t, client.WithBackoff(time.Millisecond, 5*time.Millisecond))
	check(t, s.Stop())
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := db.Ping(ctx)
	if !errors.Is(err, client.ErrUnavailable) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error = %v", err)
	}
}

func TestClosedClientRefusesCalls(t *testing.T) {
	db := clienttest.NewServer(t).Dial(t)
	check(t, db.Close())
	if _, err := db.Ping(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("error = %v", err)
	}
	check(t, db.Close())
}

func TestBadClockRefusesWritesOnly(t *testing.T) {
	s := clienttest.NewServer(t, clienttest.WithClock(func() error { return errors.New("clock is 900ms ahead") }))
	db := s.Dial(t)
	_, err := db.Counter("n").Incr(t.Context(), 1)
	if !errors.Is(err, client.ErrUnavailable) || !strings.Contains(err.Error(), "CLOCK: clock is 900ms ahead") {
		t.Errorf("error = %v", err)
	}
	_, err = db.Counter("n").Get(t.Context())
	check(t, err)
}
