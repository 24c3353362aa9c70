package wan

import (
	"math/rand/v2"
	"testing"
	"time"
)

func newShaper(l Link) *shaper { return &shaper{link: l, rng: rand.New(rand.NewPCG(1, 2))} }

func TestPacketsKeepTheirOrderUnderJitter(t *testing.T) {
	s := newShaper(Link{Delay: 100 * time.Millisecond, Jitter: 50 * time.Millisecond})
	var last time.Duration
	for i := range 1000 {
		now := time.Duration(i) * time.Millisecond
		at := s.pass(now, 100)[0]
		if at < last || at < now+100*time.Millisecond || at > now+150*time.Millisecond {
			t.Fatalf("packet %d sent at %v arrives at %v, the one before at %v", i, now, at, last)
		}
		last = at
	}
}

func TestShares(t *testing.T) {
	s := newShaper(Link{Loss: 0.3, Duplicate: 0.5, Reorder: 0.2, Delay: 10 * time.Millisecond})
	lost, twice, early := 0, 0, 0
	const n = 20_000
	for range n {
		a := s.pass(0, 100)
		switch {
		case len(a) == 0:
			lost++
			continue
		case len(a) == 2:
			twice++
		}
		if a[0] < 10*time.Millisecond {
			early++
		}
	}
	near := func(what string, got int, want float64) {
		if share := float64(got) / n; share < want*0.9 || share > want*1.1 {
			t.Errorf("%s: %.3f, want %.3f", what, share, want)
		}
	}
	near("lost", lost, 0.3)
	near("twice", twice, 0.35)
	near("early", early, 0.14)
}

func TestRateAndSizes(t *testing.T) {
	s := newShaper(Link{Rate: 125_000, MaxSize: 1200}) // 1 Mbit/s
	if s.pass(0, 1201) != nil {
		t.Error("a packet above the limit passed")
	}
	var at time.Duration
	for range 100 {
		at = s.pass(0, 1000)[0]
	}
	if at != 800*time.Millisecond {
		t.Errorf("100 kB at 125 kB/s took %v", at)
	}
	for range 1000 {
		s.pass(0, 1000)
	}
	if s.busy > 3*time.Second {
		t.Errorf("the queue holds %v", s.busy)
	}
	s.set(Link{Cut: true})
	if s.pass(0, 1) != nil {
		t.Error("a cut link delivers")
	}
}
