package sim

import (
	"fmt"
	"slices"
	"strconv"
)

// checkEnd judges the end of a run: nothing acknowledged is missing anywhere, by the
// vectors and, for keys of one kind, by what clients see.
func (w *world) checkEnd() {
	w.markLate()
	for _, u := range w.updates {
		for _, n := range w.present() {
			if u.certain() && !n.core.Vector().Covers(u.dot) {
				w.fail("I-12", "%v was acknowledged by %s and is missing at %v", u.dot, u.node.id, n)
				return
			}
		}
	}
	if wrong := w.history.judge(); wrong != "" {
		w.fail("I-23", "%s", wrong)
	}
	for _, n := range w.present() {
		w.checkEnds(n)
		w.checkOnce(n)
		for _, key := range w.keys {
			if w.replayed[key] {
				continue // the values are written twice
			}
			v, _, err := n.look(key)
			if err != nil {
				w.fail("I-33", "node %s: read %s: %v", n.id, key, err)
				return
			}
			wrong := ""
			switch key {
			case "n":
				wrong = w.judgeSum(v.Value)
			case "s":
				wrong = w.judgeMembers(v.Members)
			case "q", "r":
				wrong = w.judgeRegister(key, v.Value)
			}
			if wrong != "" {
				w.fail("I-12", "node %s, key %s: %s", n.id, key, wrong)
			}
		}
	}
}

// fate says what may have become of an update: certain ones were acknowledged, and not
// on a disk that was replaced by an older copy, nor beyond a seal.
func (u *update) certain() bool { return u.acked && !u.lost && !u.late }

// judgeSum: a counter holds every acknowledged increment once, and of the others each
// once or not at all.
func (w *world) judgeSum(shown string) string {
	sums, seen := map[int64]bool{0: true}, map[string]bool{}
	for _, u := range w.updates {
		op, ok := u.ops["n"]
		if !ok || op.Kind == "void" || seen[op.Once] {
			continue
		}
		seen[op.Once] = op.Once != ""
		next := map[int64]bool{}
		for s := range sums {
			next[s+op.Delta] = true
			if !w.done(u, "n") {
				next[s] = true
			}
		}
		if sums = next; len(sums) > 1<<12 {
			return "" // too much is uncertain to say anything
		}
	}
	if shown == "" {
		shown = "0"
	}
	n, err := strconv.ParseInt(shown, 10, 64)
	if err != nil || !sums[n] {
		return fmt.Sprintf("shows %s, which no choice of the uncertain increments gives", shown)
	}
	return ""
}

// done tells whether an operation of a key is certain: by one of the updates that carry it out.
func (w *world) done(u *update, key string) bool {
	id := u.ops[key].Once
	return u.certain() || id != "" && slices.ContainsFunc(w.updates, func(v *update) bool { return v.ops[key].Once == id && v.certain() })
}

// judgeMembers: each member of the set is added once. It is there if the add was
// acknowledged and nobody removed it; it is not if a remove that saw it was
// acknowledged.
func (w *world) judgeMembers(shown []string) string {
	there := map[string]bool{}
	for _, m := range shown {
		there[m] = true
	}
	added, removed, perhaps := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, u := range w.updates {
		op, ok := u.ops["s"]
		switch {
		case ok && op.Kind == "sadd" && u.certain():
			added[op.Value] = true
		case ok && op.Kind == "srem" && u.certain():
			removed[op.Value] = true
		case ok:
			perhaps[op.Value] = true
		}
	}
	for m := range added {
		if !there[m] && !removed[m] && !perhaps[m] {
			return m + " was added, the add was acknowledged, and it is not there"
		}
	}
	for m := range there {
		switch {
		case removed[m]:
			return m + " was removed, the remove was acknowledged, and it is there"
		case !added[m] && !perhaps[m]:
			return m + " is there, and nobody added it"
		}
	}
	return ""
}

// judgeRegister: no acknowledged write has seen the value that is shown, and nothing is
// shown only if nothing was acknowledged.
func (w *world) judgeRegister(key, shown string) string {
	for _, u := range w.updates {
		op, ok := u.ops[key]
		if !ok || !u.certain() {
			continue
		}
		if shown == "" {
			return op.Value + " was acknowledged, and nothing is there"
		}
		if w.sessions.over[op.Value][shown] {
			return fmt.Sprintf("shows %s, which the writer of %s had seen", shown, op.Value)
		}
	}
	return ""
}
