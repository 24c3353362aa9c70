package sim

import (
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// Increments with ids: clients send each of a few operations again and again, to whatever node. What is added, and where,
// follows from the id.

// onceIDs is how many operations there are of a key and a kind.
const onceIDs = 3

// newOnceWrite draws an operation.
func newOnceWrite(d *dice, key string, id int, forget time.Duration) write {
	kind := pick(d, "oincr", "oincr", "ohincr", "ozincr")
	if key == "n" || forget > 0 {
		kind = "oincr"
	}
	of := d.n(onceIDs)
	if forget > 0 {
		of = id / 3 % 26 // it is sent again soon, or not at all
	}
	return write{kind: kind, key: key, value: string(rune('a' + of))}
}

func isOnceKind(kind string) bool { return kind == "oincr" || kind == "ohincr" || kind == "ozincr" }

// onceCommand returns what an operation means to the rules, and to a node. The first time that a client sends it is told
// from the others.
func (w *world) onceCommand(op write) (crdttest.Op, keyspace.Command) {
	n := int64(op.value[0]-'a') + 1
	element := write{kind: strings.TrimPrefix(op.kind, "o"), key: op.key, field: string(rune('x' + n%3)), delta: n * 7, score: float64(n) / 4}
	spec, cmd := element.command()
	spec.Once = op.kind + op.value
	name := op.key + spec.Once
	_, retry := w.tried[name]
	if retry {
		sometimes.hit("operation sent again")
	} else {
		w.tried[name] = w.now
	}
	return spec, command.Once{ID: []byte(op.value), Retry: retry, Do: cmd.(command.Counting)}
}

// tooLate tells that a client does not send an operation again any more.
func (w *world) tooLate(op write) bool {
	if !isOnceKind(op.kind) || w.cond.forget == 0 {
		return false
	}
	first, sent := w.tried[op.key+op.kind+op.value]
	return sent && w.now-first > w.cond.forget/2
}

// noteForgotten notes a late update that is issued again when nobody need know its id any more.
func (w *world) noteForgotten(u *update) {
	for key, op := range u.ops {
		first, sent := w.tried[key+op.Once]
		if op.Once != "" && sent && w.cond.forget > 0 && w.now-first > w.cond.forget {
			w.forgotten[u.id] = true
		}
	}
}

// annulled registers that a node has made an increment void.
func (w *world) annulled(n *node, increment clock.Dot, saw clock.VersionVector) {
	of := w.byDot[increment]
	if of == nil {
		w.fail("I-13", "node %s makes void %v, which nobody wrote", n.id, increment)
		return
	}
	key := ""
	for k, op := range of.ops {
		if op.Once != "" {
			key = k
		}
	}
	u := w.record(n, saw, map[string]crdttest.Op{key: {Kind: "void", Voids: of.id}})
	beyond, _ := n.core.VectorOf(fullKey(key))
	u.beyond = map[string]clock.VersionVector{key: beyond.Without(u.dot.Origin)}
	n.open = append(n.open, u)
	w.note("%s makes %v void in %v", n.id, increment, u.dot)
	sometimes.hit("increment made void")
}

// checkOnce: of the attempts of an operation that are left one counts, the first of all that are there. What a member did
// that was removed by force may be issued again when nobody knows the id any more.
func (w *world) checkOnce(n *node) {
	for _, key := range w.keys {
		visible := w.visible(n.core.Vector(), key)
		for i, op := range visible {
			for _, other := range visible[:i] {
				same := op.Once != "" && op.Once == other.Once && !w.forgotten[op.ID] && !w.forgotten[other.ID]
				if same && crdttest.Counts(visible, op) && crdttest.Counts(visible, other) {
					w.fail("I-70", "node %v counts %s of %s twice: by %d and %d", n, op.Once, key, op.ID, other.ID)
				}
			}
			if op.Kind == "void" && !w.hasEarlier(visible, op.Voids) {
				w.fail("I-71", "node %v does not count %d of %s, and no earlier one", n, op.Voids, key)
			}
		}
	}
}

// hasEarlier tells whether an operation was carried out before, by stamps.
func (w *world) hasEarlier(visible []crdttest.Op, id int) bool {
	for _, of := range visible {
		for _, op := range visible {
			earlier := clock.Stamp{Time: clock.Timestamp(op.Time), Origin: clock.Origin(op.Origin)}.Compare(clock.Stamp{Time: clock.Timestamp(of.Time), Origin: clock.Origin(of.Origin)}) < 0
			if of.ID == id && op.Once == of.Once && earlier {
				return true
			}
		}
	}
	return false
}
