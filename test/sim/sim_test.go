package sim

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

var (
	seeds    = flag.Int("seeds", 300, "how many seeds to play")
	seedFrom = flag.Uint64("from", 1, "the first seed")
	seedOne  = flag.Uint64("seed", 0, "play this seed only")
)

// TestSeeds plays seeds and fails at the first violation.
func TestSeeds(t *testing.T) {
	if *seedOne != 0 {
		if err := Run(*seedOne, 0); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := hunt(*seedFrom, *seeds, 0); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{
		"equal vectors compared", "crash with unsynced commits", "older disk restored",
		"command refused", "foreign frame refused", "record waited at the gate",
		"relay used", "register had siblings", "type conflict", "op log truncated",
	} {
		if sometimes.counts[what] == 0 {
			t.Errorf("%d seeds never reached: %s", *seeds, what)
		}
		t.Logf("%s: %d", what, sometimes.counts[what])
	}
}

// hunt plays n seeds on all cores until one fails, and returns that one.
func hunt(from uint64, n int, planted mistake.Set) (seed uint64, err error) {
	var mu sync.Mutex
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				s := from + next.Add(1) - 1
				mu.Lock()
				over := s >= from+uint64(n) || err != nil
				mu.Unlock()
				if over {
					return
				}
				if e := Run(s, planted); e != nil {
					mu.Lock()
					if err == nil || s < seed {
						seed, err = s, e
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return seed, err
}

// TestDeterminism plays seeds twice and compares the whole trace: what was written,
// sent, refused, and when.
func TestDeterminism(t *testing.T) {
	for seed := uint64(1); seed <= 40; seed++ {
		a, b := play(seed, 0), play(seed, 0)
		if a.print() != b.print() {
			t.Fatalf("seed %d differs:\n%s\n\n%s", seed, a.print(), b.print())
		}
	}
}
