package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/replication"
)

const (
	epoch      = 1_700_000_000 * time.Second // true wall time at virtual time 0
	tick       = 50 * time.Millisecond
	checkEvery = 100 * time.Millisecond
	maxOffset  = 10 * time.Second // clocks of a run are skewed by up to half of it
	farthest   = 30 * time.Second // and those of nodes that are wrong by up to this
	never      = time.Duration(1<<63 - 1)
	cacheBytes = 2 << 20          // enough for everything: what is pushed out differs from run to run
	healTime   = 60 * time.Second // bound of convergence after all faults are lifted
)

// world is one run.
type world struct {
	timeline
	scenario *scenario
	cond     conditions
	planted  mistake.Set
	nodes    []*node
	keys     []string
	updates  []*update
	byDot    map[dot]*update
	tried    map[string]time.Duration // when operations were sent first
	writers  map[clock.Origin]string  // identities that took the origins
	cuts     map[[2]*node]bool        // directed
	copies   map[*node]*copied
	// gone are identities that somebody was asked to remove, keepers those that were asked.
	gone, keepers map[string]bool
	replayed      map[string]bool         // keys that late updates were issued again on
	forgotten     map[int]bool            // what was issued again when its id need not be known any more
	stuck         map[*node]time.Duration // since when nodes cannot say how far they are
	settling      bool
	settled       bool
	broken        *violation
	// accidents and chunks tell tests what happened, and when chunks were merged.
	accidents map[verb]int
	chunks    []time.Duration
	trace     []string
	sessions  sessions
	readers   map[string]*reader // of streams, from cursors
	history   history
}

// violation is an invariant that does not hold: its id, and how it shows.
type violation struct{ rule, text string }

func (v *violation) Error() string { return v.rule + ": " + v.text }

// Run plays one seed and returns the first violation, with the trace.
func Run(seed uint64, planted mistake.Set) error { return play(newScenario(seed), planted).report() }

func play(s *scenario, planted mistake.Set) *world {
	w := newWorld(s, planted)
	for _, st := range s.steps {
		if w.runTo(st.at); w.failed() {
			return w
		}
		w.act(st)
	}
	if w.runTo(s.until); !w.failed() {
		w.settle()
	}
	return w
}

func newWorld(s *scenario, planted mistake.Set) *world {
	w := &world{timeline: timeline{seed: s.seed}, scenario: s, cond: s.cond, planted: planted}
	w.cuts, w.copies, w.byDot = map[[2]*node]bool{}, map[*node]*copied{}, map[dot]*update{}
	w.tried = map[string]time.Duration{}
	w.forgotten = map[int]bool{}
	w.accidents, w.stuck = map[verb]int{}, map[*node]time.Duration{}
	w.gone, w.keepers, w.replayed = map[string]bool{}, map[string]bool{}, map[string]bool{}
	w.writers = map[clock.Origin]string{}
	w.readers = map[string]*reader{}
	w.keys = strings.Split(s.cond.keys, "")
	for _, letter := range []byte(s.cond.nodes) {
		n := &node{w: w, id: string(letter), number: int(letter - 'a'), identity: string(letter), disk: newDisk(planted)}
		n.offset = s.cond.offsets[letter]
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		n.start()
	}
	return w
}

// runTo plays events until the virtual time end, and checks on the way at times that do
// not depend on the steps.
func (w *world) runTo(end time.Duration) {
	for !w.failed() {
		next := (w.now/checkEvery + 1) * checkEvery
		if next > end {
			w.run(end, w.failed)
			return
		}
		if w.run(next, w.failed); !w.failed() {
			w.check()
		}
	}
}

// settle lifts all faults and waits for convergence: liveness, then safety again.
func (w *world) settle() {
	w.note("settle")
	w.settling = true
	w.lift()
	w.converge()
	for range 2 { // operators run it again to be sure
		if !w.failed() && w.removes() {
			w.salvageAll()
			w.run(w.now+200*time.Millisecond, w.failed)
			w.converge()
		}
	}
	w.awaitEnds()
	w.settled = true
	w.check()
	if !w.failed() {
		w.checkEnd()
	}
}

// converge waits until nothing is left to do.
func (w *world) converge() {
	deadline := w.now + healTime
	if w.scenario.has(doFuture) {
		deadline += farthest + maxOffset // what is parked waits for the clocks to come
	}
	for !w.failed() && !w.converged() {
		if w.now >= deadline {
			w.fail("I-31", "not converged %v after healing: %v", healTime, w.blocked())
			return
		}
		w.finishRemovals()
		w.run(w.now+checkEvery, w.failed)
	}
}

// converged reports whether nothing is left to do: equal vectors, nothing open, unsynced
// or waiting. What depends on an update that restored disks have lost everywhere waits
// for ever.
func (w *world) converged() bool {
	orphans := slices.ContainsFunc(w.updates, func(u *update) bool { return u.lost })
	present := w.present()
	for _, n := range present {
		if !n.core.Idle() || len(n.disk.unsynced) > 0 || n.core.Waiting().Frames > 0 && !orphans || n.core.TransferState().Active || n.core.Ends().Superseded != nil || n.hurt() || !n.core.Vector().Equal(present[0].core.Vector()) || !n.agrees(present[0]) {
			return false
		}
	}
	return w.keptAlike()
}

// blocked says what keeps the nodes from converging.
func (w *world) blocked() string {
	var out []string
	for _, n := range w.nodes {
		out = append(out, fmt.Sprintf("%v, %+v at the gate, %d commits unsynced", n, n.core.Waiting(), len(n.disk.unsynced)))
	}
	return strings.Join(append(out, w.missingAside()), "; ")
}

func (w *world) node(letter byte) *node {
	for _, n := range w.nodes {
		if n.id == string(letter) {
			return n
		}
	}
	return nil
}

func (w *world) cut(from, to *node) bool { return w.cuts[[2]*node{from, to}] }

func (w *world) fail(rule, format string, args ...any) {
	if w.broken == nil {
		w.broken = &violation{rule, fmt.Sprintf(format, args...)}
	}
}

func (w *world) failed() bool { return w.broken != nil }

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3fs ", w.now.Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) report() error {
	if w.broken == nil {
		return nil
	}
	return fmt.Errorf("seed %d: %w\n%s", w.seed, w.broken, w.print())
}

// print returns the trace and the final state.
func (w *world) print() string {
	return fmt.Sprintf("%s\n%v after %d events", strings.Join(w.trace, "\n"), w.nodes, w.played)
}

// refused looks at an error that a sink closed its stream with.
func (w *world) refused(s *stream, err error) {
	switch {
	case s.lie != "" && (errors.Is(err, replication.ErrOrigin) || errors.Is(err, replication.ErrCredit)):
		sometimes.hit("foreign frame refused")
	case s.lied && errors.Is(err, replication.ErrCredit):
		// A frame that the source never sent has taken its credit.
	case errors.Is(err, replication.ErrDiverged):
		w.fail("I-28", "histories diverge: %v", err)
	default:
		w.fail("I-43", "%s refuses what %s sent: %v", s.to.id, s.from.id, err)
	}
}
