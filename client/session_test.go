package client_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestASessionGoesOnWhereItLeftOff(t *testing.T) {
	ctx, node := t.Context(), clienttest.NewServer(t)
	first := node.Dial(t).Session()
	equal(t, "token before the first call", first.Token(), "")
	check(t, first.Register("k").Set(ctx, []byte("1")))
	if first.Token() == "" {
		t.Fatal("no token")
	}
	second, err := node.Dial(t).Resume(first.Token())
	check(t, err)
	v, err := second.Register("k").Get(ctx)
	check(t, err)
	equal(t, "value", string(v), "1")
	if strings.Contains(second.Token(), ".") {
		t.Errorf("what was resumed is covered by now: %s", second.Token())
	}
}

// TestASessionIsNotBrokenInSilence: a and b have nothing of each other. After a is gone, b must not
// answer as if the write had never been.
func TestASessionIsNotBrokenInSilence(t *testing.T) {
	ctx := t.Context()
	a, b := clienttest.NewServer(t), clienttest.NewServer(t)
	db, err := client.Dial(ctx, a.Addr+","+b.Addr)
	check(t, err)
	defer db.Close()
	s := db.Session()
	check(t, s.Register("k").Set(ctx, []byte("1")))
	check(t, a.Stop())
	_, err = s.Register("k").Get(ctx)
	if !errors.Is(err, client.ErrStale) || !strings.Contains(err.Error(), "1 update of ") {
		t.Errorf("read in the session: %v", err)
	}
	if err = s.Register("k").Set(ctx, []byte("2")); !errors.Is(err, client.ErrStale) {
		t.Errorf("write in the session: %v", err)
	}
	if _, err = db.Register("k").Get(ctx); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("outside of the session: %v", err)
	}
	check(t, s.Close())
	_, err = db.Ping(ctx)
	check(t, err)
}

func TestBadTokensAreNotResumed(t *testing.T) {
	db := clienttest.NewServer(t).Dial(t)
	for _, token := range []string{"no token", ".", "AAAA.", strings.Repeat("AAAA.", 20) + "AAAA"} {
		if _, err := db.Resume(token); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%q: %v", token, err)
		}
	}
	s, err := db.Resume("AAAA")
	check(t, err)
	if _, err := s.Ping(t.Context()); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a made-up token: %v", err)
	}
	s, err = db.Resume("")
	check(t, err)
	_, err = s.Ping(t.Context())
	check(t, err)
}

// TestManyCallsOfOneSession: each goroutine sees what it wrote, and the tokens do not pile up.
func TestManyCallsOfOneSession(t *testing.T) {
	ctx, s := t.Context(), clienttest.NewServer(t).Dial(t).Session()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				if _, err := s.Counter("n").Incr(ctx, 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n, err := s.Counter("n").Get(ctx)
	check(t, err)
	equal(t, "count", n, int64(800))
	if strings.Contains(s.Token(), ".") {
		t.Errorf("token %s", s.Token())
	}
}
