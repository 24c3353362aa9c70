package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// TestASessionThatGoesToACutOffRegion gets the error that names what is missing, over both protocols,
// and what it wrote once the link is back.
func TestASessionThatGoesToACutOffRegion(t *testing.T) {
	c := start(t, three)
	ctx := t.Context()
	ok(t, c.at("us").Register("before").Set(ctx, nil))
	c.converge()
	c.isolate()
	s := c.at("us").Session()
	ok(t, s.Register("k").Set(ctx, []byte("1")))
	abroad := must(c.at("eu").Resume(s.Token()))(t)
	_, err := abroad.Register("k").Get(ctx)
	if !errors.Is(err, client.ErrStale) || !strings.Contains(err.Error(), "of us/n1 is not here yet") {
		t.Errorf("read at eu: %v", err)
	}
	eu := c.redis("eu", 3)
	if err := eu.Do(ctx, "ATOLL.AFTER", s.Token()).Err(); err == nil || !strings.HasPrefix(err.Error(), "STALE 1 update of us/n1") {
		t.Errorf("ATOLL.AFTER at eu: %v", err)
	}
	c.heal()
	if v := string(must(abroad.Register("k").Get(ctx))(t)); v != "1" {
		t.Errorf("after healing eu reads %q in the session", v)
	}
	token := must(c.redis("us", 2).Do(ctx, "ATOLL.TOKEN").Text())(t)
	ok(t, eu.Do(ctx, "ATOLL.AFTER", token).Err())
	resumed := must(c.at("ap").Resume(token))(t) // a token is the same to both doors
	if v := string(must(resumed.Register("k").Get(ctx))(t)); v != "1" {
		t.Errorf("ap reads %q in the session", v)
	}
}

// wanderer is a session that goes from region to region. It alone writes its key, greater numbers each
// time, and it reads its own and others' keys.
type wanderer struct {
	key   string
	token string
	wrote int
	seen  map[string]int
}

// step does one thing at a node. It returns what is wrong, or why the node refused.
func (w *wanderer) step(t *testing.T, cl *client.Client, other string) (wrong string, err error) {
	s, err := cl.Resume(w.token)
	if err != nil {
		return "", err
	}
	if rand.IntN(3) == 0 {
		if err := s.Register(w.key).Set(t.Context(), strconv.AppendInt(nil, int64(w.wrote+1), 10)); err != nil {
			return "", err
		}
		w.wrote++
		w.seen[w.key] = w.wrote
	} else {
		v, err := s.Register(other).Get(t.Context())
		if err != nil && !errors.Is(err, client.ErrNotFound) {
			return "", err
		}
		n, _ := strconv.Atoi(string(v))
		if n < w.seen[other] {
			wrong = fmt.Sprintf("%s reads %d of %s, and had read %d", w.key, n, other, w.seen[other])
		}
		w.seen[other] = max(n, w.seen[other])
	}
	w.token = s.Token()
	return wrong, nil
}

// TestSessionsAcrossRegions: sessions that change the region with each call, while links are cut and
// healed at random, read what they wrote and never go back. The same without tokens does go back, or
// the test has shown nothing.
func TestSessionsAcrossRegions(t *testing.T) {
	c := start(t, three)
	var broken, refused, steps, plain atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range 6 {
		w := &wanderer{key: fmt.Sprint("w", i), seen: map[string]int{}}
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				cl, other := c.at(three[rand.IntN(3)]), fmt.Sprint("w", rand.IntN(6))
				if v, err := cl.Register(other).Get(t.Context()); err == nil {
					if n, _ := strconv.Atoi(string(v)); n < w.seen[other] {
						plain.Add(1)
					}
				}
				wrong, err := w.step(t, cl, other)
				steps.Add(1)
				switch {
				case errors.Is(err, client.ErrStale):
					refused.Add(1)
				case err != nil:
					t.Error(err)
				case wrong != "":
					broken.Add(1)
					t.Error(wrong)
				}
			}
		})
	}
	for range 12 {
		a := rand.IntN(3)
		c.dev("cut", three[a], three[(a+1)%3])
		c.dev("cut", three[a], three[(a+2)%3])
		time.Sleep(400 * time.Millisecond)
		c.heal()
		time.Sleep(100 * time.Millisecond)
	}
	close(stop)
	all.Wait()
	t.Logf("figure: %d calls, %d refused as stale, %d wrong; without tokens %d went back", steps.Load(), refused.Load(), broken.Load(), plain.Load())
	if plain.Load() == 0 {
		t.Error("uninformative: no region was ever behind")
	}
	if refused.Load() == steps.Load() {
		t.Error("every call was refused")
	}
}
