package sim

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/mistake"
)

// runsEach is how many runs a kind of accident is judged by.
func runsEach() int {
	if testing.Short() {
		return 60
	}
	return 400
}

// TestRestoresDoNotDiverge plays runs in which disks are replaced by older copies, half of
// the time with the clock set back, and the op log is cut meanwhile.
func TestRestoresDoNotDiverge(t *testing.T) {
	playAccidents(t, []verb{doCopy, doRestore, doRestore, doPower, doDiscard, doTruncate, doCut, doHeal}, doRestore)
}

// TestClonesDoNotDiverge plays runs in which a node is started twice from one disk.
func TestClonesDoNotDiverge(t *testing.T) {
	playAccidents(t, []verb{doCopy, doClone, doPower, doDiscard, doTruncate, doCut, doHeal}, doClone)
}

// playAccidents plays runs until runsEach of them had the accident.
func playAccidents(t *testing.T, verbs []verb, accident verb) {
	runs, happened, writes, compared := 0, 0, 0, sometimes.get("equal vectors compared")
	for seed := uint64(1); runs < runsEach(); seed += 50 {
		for _, w := range playAll(seed, 50, verbs, accident) {
			if w.broken != nil {
				small, w := shrink(w.scenario, mistake.Set{})
				t.Fatalf("%v\n%s\n%s", w.broken, small, w.print())
			}
			if w.accidents[accident] > 0 {
				runs++
				happened += w.accidents[accident]
				writes += len(w.updates)
			}
		}
	}
	t.Logf("%d runs, %d times %s, %d writes, %d digests compared at equal vectors: 0 divergences",
		runs, happened, accident, writes, sometimes.get("equal vectors compared")-compared)
}

// playAll plays the seeds from one on that have the accident, on all cores.
func playAll(from uint64, n int, verbs []verb, accident verb) []*world {
	var scenarios []*scenario
	for seed := from; seed < from+uint64(n); seed++ {
		if s := scenarioOf(seed, verbs); s.has(accident) {
			scenarios = append(scenarios, s)
		}
	}
	list := make([]*world, len(scenarios))
	var wg sync.WaitGroup
	free := make(chan bool, runtime.GOMAXPROCS(0))
	for i, s := range scenarios {
		free <- true
		wg.Go(func() { list[i] = play(s, mistake.Set{}); <-free })
	}
	wg.Wait()
	return list
}

// TestAnInterruptedTransferGoesOn plays one scenario again and again, and kills the node
// that takes over state, or its donor, after each chunk.
func TestAnInterruptedTransferGoesOn(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 1
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		base := transferScenario(seed)
		chunks := play(base, mistake.Set{}).chunks
		if len(chunks) == 0 {
			t.Fatalf("seed %d: no transfer", seed)
		}
		for i, at := range chunks {
			for _, victim := range []byte(base.cond.nodes) {
				s := base.clone()
				k := slices.IndexFunc(s.steps, func(st step) bool { return st.at > at })
				if k < 0 {
					k = len(s.steps)
				}
				s.steps = slices.Insert(s.steps, k,
					step{at: at + 1, do: doPower, node: victim}, step{at: at + 2, do: doPower, node: victim})
				if err := play(s, mistake.Set{}).report(); err != nil {
					t.Fatalf("seed %d, node %c killed after chunk %d:\n%s\n%v", seed, victim, i, s, err)
				}
			}
		}
	}
}

// transferScenario cuts a node off, lets all write, drops the logs and heals: the node can
// only catch up by state.
func transferScenario(seed uint64) *scenario {
	s := &scenario{seed: seed, cond: conditions{
		nodes: "abc", keys: "jknqrs", slow: 20 * time.Millisecond, syncing: 30 * time.Millisecond, eager: 70, window: 16 << 10,
	}}
	do := func(v verb, node, peer byte) {
		id := len(s.steps)
		st := step{at: time.Duration(id*60) * time.Millisecond, do: v, node: node, peer: peer}
		if v == doWrite {
			st.ops = s.newWrites(diceOf(seed, 2, uint64(id)), id)
		}
		s.steps = append(s.steps, st)
	}
	for range 8 {
		do(doWrite, 'a', 0)
		do(doWrite, 'b', 0)
	}
	do(doCut, 'a', 'b')
	do(doCut, 'a', 'c')
	for range 6 {
		do(doWrite, 'a', 0)
		do(doWrite, 'b', 0)
		do(doWrite, 'c', 0)
	}
	for _, v := range []verb{doDiscard, doDiscard} {
		do(v, 'b', 0)
		do(v, 'c', 0)
	}
	do(doHeal, 'a', 0)
	s.until = s.steps[len(s.steps)-1].at + 4*time.Second
	return s
}
