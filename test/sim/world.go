package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

const (
	epoch     = 1_700_000_000 * time.Second // true wall time at virtual time 0
	tick      = 50 * time.Millisecond
	maxOffset = 10 * time.Second // clocks of a run are skewed by up to half of it
	never     = time.Duration(1<<63 - 1)
	healTime  = 60 * time.Second // bound of convergence after all faults are lifted
)

// world is one run.
type world struct {
	timeline
	seed    uint64
	planted mistake.Set
	nodes   []*node
	keys    []string
	updates []*update
	cuts    map[[2]*node]bool // directed
	loss    int               // percent of messages that break their stream
	slow    time.Duration     // greatest delay of a message
	syncing time.Duration     // greatest time that a sync takes
	eager   int               // percent of writes and frames that are committed at once
	trim    int               // percent of ticks at which the op log is truncated
	restore bool              // disks are replaced by older copies; the log is kept then
	copies  map[*node]*image
	settled bool
	err     error
	trace   []string
}

// Run plays one seed and returns the first violation, with the trace.
func Run(seed uint64, planted mistake.Set) error { return play(seed, planted).report() }

func play(seed uint64, planted mistake.Set) *world {
	w := newWorld(seed, planted)
	for range 8 + w.rng.IntN(33) {
		w.step()
		w.run(w.now+w.between(time.Millisecond, 300*time.Millisecond), w.failed)
		w.check()
		if w.failed() {
			return w
		}
	}
	w.settle()
	return w
}

func newWorld(seed uint64, planted mistake.Set) *world {
	w := &world{timeline: timeline{rng: rand.New(rand.NewPCG(seed, 7))}, seed: seed, planted: planted}
	w.cuts, w.copies = map[[2]*node]bool{}, map[*node]*image{}
	w.keys = []string{"k", "j"}[:1+w.rng.IntN(2)]
	w.slow = []time.Duration{5, 50, 200}[w.rng.IntN(3)] * time.Millisecond
	w.loss = []int{0, 0, 1, 5}[w.rng.IntN(4)]
	w.syncing = []time.Duration{5, 30, 400}[w.rng.IntN(3)] * time.Millisecond
	w.eager = []int{10, 70, 100}[w.rng.IntN(3)]
	w.trim = []int{0, 0, 40}[w.rng.IntN(3)]
	w.restore = w.chance(25)
	skewed := w.chance(50)
	for i := range 2 + w.rng.IntN(4) {
		n := &node{w: w, id: string(rune('a' + i)), disk: newDisk()}
		if skewed {
			n.offset = w.between(-maxOffset/2, maxOffset/2)
		}
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		n.start()
	}
	return w
}

// settle lifts all faults and waits for convergence: liveness, then safety again.
func (w *world) settle() {
	w.note("settle")
	clear(w.cuts)
	w.loss, w.slow = 0, 20*time.Millisecond
	for _, n := range w.nodes {
		if !n.up {
			n.start()
		}
		// Streams that messages were lost from would only be found silent: save the time.
		for _, s := range n.streams() {
			if s.toSink == never || s.toSource == never {
				s.reset("healed")
			}
		}
	}
	deadline := w.now + healTime
	for !w.failed() && !w.converged() {
		if w.now >= deadline {
			w.fail("I-31: not converged %v after healing: %v", healTime, w.nodes)
			return
		}
		w.run(w.now+100*time.Millisecond, w.failed)
	}
	w.settled = true
	w.check()
	if !w.failed() {
		w.checkAcked()
	}
}

func (w *world) converged() bool {
	for _, n := range w.nodes {
		if !n.core.Idle() || len(n.disk.unsynced) > 0 || !n.core.Vector().Equal(w.nodes[0].core.Vector()) {
			return false
		}
	}
	return true
}

func (w *world) cut(from, to *node) bool { return w.cuts[[2]*node{from, to}] }

func (w *world) delay() time.Duration { return w.between(100*time.Microsecond, w.slow) }

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *world) failed() bool { return w.err != nil }

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3fs ", w.now.Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) report() error {
	if w.err == nil {
		return nil
	}
	return fmt.Errorf("seed %d: %w\n%s", w.seed, w.err, w.print())
}

// print returns the trace and the final state.
func (w *world) print() string {
	return fmt.Sprintf("%s\n%v after %d events", strings.Join(w.trace, "\n"), w.nodes, w.played)
}

// refused looks at an error that a sink closed its stream with.
func (w *world) refused(err error) {
	switch {
	case errors.Is(err, replication.ErrDiverged):
		w.fail("histories diverge: %v", err)
	case errors.Is(err, replication.ErrOrigin):
		sometimes.hit("foreign frame refused")
	}
}

// forge makes a stream deliver a frame of an origin that neither end has to do with.
func (w *world) forge(s *stream) {
	b := oplog.NewBuilder(0, clock.Origin(w.rng.Uint64()|1))
	b.Add(clock.MakeTimestamp((epoch+w.now).Milliseconds(), 0), clock.VersionVector{}, []byte{1, 0, 0})
	s.arrive(s.to, &replication.Frames{Shard: store.ShardID(0), Frames: [][]byte{b.Frame().Append(nil)}})
}
