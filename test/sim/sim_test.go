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
		if err := Run(*seedOne, mistake.Set{}); err != nil {
			t.Fatalf("%v\n\n%s", err, explain(*seedOne, mistake.Set{}))
		}
		return
	}
	if seed, err := hunt(*seedFrom, *seeds, mistake.Set{}); err != nil {
		t.Fatal(explain(seed, mistake.Set{}))
	}
	for _, what := range []string{
		"equal vectors compared", "crash with unsynced commits", "older disk restored",
		"older disk restored and clock set back", "clone started", "command refused", "foreign frame refused",
		"tampered frame refused", "frame out of turn", "record waited at the gate", "frame parked", "relay used", "origin retired", "origin folded",
		"only a core of links healed", "register had siblings", "type conflict", "hash shown", "hash beside another type", "sorted set shown", "sorted set beside another type", "HyperLogLog shown", "stream shown", "group compared", "cursor compared", "bounded counter shown", "rights granted", "list shown", "list beside another type", "op log truncated",
		"torn tail", "sync failed", "commit met a full disk", "write refused by a full disk", "disk full, reads go on",
		"op log discarded", "transfer ended", "transfer resumed", "transfer broken off",
		"write of a key in transfer refused",
		"member removed", "members removed in one step", "removal called off", "removal stopped with a member frozen", "removal taken over",
		"write refused by a removed member", "asked in the middle of a transfer", "frame held while a seal is sought", "late update",
		"kept aside, replayed", "kept aside, dropped", "kept aside, settled by another member", "replay stopped at an update",
		"member added again", "old directory of a removed member stays out", "removed member restored", "kept aside, readmitted", "state fetched for what no log has",
		"cell damaged", "read refused on damage", "write refused on damage", "frame waited for damage", "range healed",
		"quarantine survived a restart", "crash before the healed range was given back", "donor refused what is damaged",
		"transfer met damage", "frame of the op log damaged", "damaged frame forgotten",
		"key hidden that had ended", "key deleted that had ended", "write of a key that had ended",
		"field hidden that had ended", "write of a field that had ended",
		"operation sent again", "increment made void",
	} {
		if sometimes.counts[what] == 0 && *seeds >= 1000 { // fewer may miss something
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
	pairs := uint64(200)
	if testing.Short() {
		pairs = 40
	}
	for seed := uint64(1); seed <= pairs; seed++ {
		a, b := play(newScenario(seed), mistake.Set{}), play(newScenario(seed), mistake.Set{})
		if a.print() != b.print() {
			t.Fatalf("seed %d differs:\n%s\n\n%s", seed, a.print(), b.print())
		}
	}
}
