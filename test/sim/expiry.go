package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// longest is the longest time that a key gets to live, in milliseconds.
const longest = 4000

// newExpiryWrite draws a command about the end of a key.
func newExpiryWrite(d *dice, id int, key string) write {
	w := write{key: key, delta: 1 + int64(d.n(longest))}
	switch d.n(8) {
	case 0, 1:
		w.kind, w.delta = "persist", 0
	case 2, 3:
		w.kind, w.value = "setex", strconv.Itoa(1000*id)
	case 4:
		w.kind, w.value, w.delta = "keepttl", key+strconv.Itoa(id), 0
	default:
		w.kind = "expire"
	}
	return w
}

// expiryCommand returns what such a write means to the rules, but for the time, and to a node.
func (op write) expiryCommand() (crdttest.Op, keyspace.Command) {
	k, life := []byte(op.key), command.Lifetime{As: command.EndsIn, Millis: op.delta}
	switch op.kind {
	case "expire":
		return crdttest.Op{Kind: "expire"}, command.Expire{Key: k, Life: life}
	case "persist":
		return crdttest.Op{Kind: "expire"}, command.Persist{Key: k}
	case "reap":
		return crdttest.Op{Kind: "del"}, command.Reap{Key: k}
	case "keepttl":
		life = command.Lifetime{As: command.EndsAsBefore}
	}
	return crdttest.Op{Kind: "set", Value: op.value}, command.Set{Key: k, Value: []byte(op.value), Life: life}
}

// isExpiry tells whether a kind of write is about the end of a key.
func isExpiry(kind string) bool {
	switch kind {
	case "expire", "persist", "setex", "keepttl", "reap":
		return true
	default:
		return false
	}
}

// expiryText prints such a write as parseExpiry reads it.
func (op write) expiryText() string {
	return fmt.Sprintf("%s:%s:%d=%s", op.kind, op.key, op.delta, op.value)
}

func parseExpiry(op write, text string) (write, error) {
	ms, value, _ := strings.Cut(text, "=")
	var err error
	op.value = value
	op.delta, err = strconv.ParseInt(ms, 10, 64)
	return op, err
}

// prepare gives the operations of an update what follows for them from what its writer saw, and from the time.
func (w *world) prepare(u *update, ops []write) {
	if !w.cond.ending() {
		return
	}
	now := u.node.hlc.Look(maxOffset).WallMillis()
	for _, op := range ops {
		spec, there := u.ops[op.key]
		if !there {
			continue
		}
		before := w.visible(u.beyond[op.key], op.key)
		spec.ID, spec.Time, spec.Origin, spec.Saw = u.id, uint64(u.stamp), uint64(u.dot.Origin), map[int]bool{}
		for _, o := range before {
			spec.Saw[o.ID] = true
		}
		switch op.kind {
		case "expire", "setex", "hexpire", "hsetex":
			spec.Until = now + op.delta
		case "keepttl":
			if view := crdttest.SpecAt(before, now); !view.Gone(now) {
				spec.Until = view.Until
			}
		}
		if spec.Prepare(before, now); spec.Clears {
			sometimes.hit("write of a key that had ended")
		}
		if spec.ClearsField {
			sometimes.hit("write of a field that had ended")
		}
		u.ops[op.key] = spec
	}
}

// asSeen is the view that a node must show of a key whose state is want: nothing once it has ended.
func (n *node) asSeen(want crdttest.View) crdttest.View {
	if !want.Timed || !want.Gone(n.hlc.Look(maxOffset).WallMillis()) {
		return want
	}
	sometimes.hit("key hidden that had ended")
	return crdttest.View{Type: "none", Sum: "0"}
}

// reap deletes what has ended and is due at a node, as its worker does.
func (n *node) reap() {
	if !n.w.cond.ending() || n.disk.full || n.stale() || n.out(true) {
		return
	}
	q := &keyspace.ReadDue{Limit: 4}
	if _, err := n.read(q); err != nil {
		if !keyspace.IsDamage(err) && !errors.Is(err, keyspace.ErrSuperseded) {
			n.w.fail("I-33", "node %s: what is due: %v", n.id, err)
		}
		return
	}
	for _, due := range q.Found {
		if n.up && !n.w.failed() {
			sometimes.hit("key deleted that had ended")
			n.w.write(n, step{at: n.w.now, do: doWrite, node: n.id[0], ops: []write{reapOf(due)}})
		}
	}
}

// reapOf deletes what has ended.
func reapOf(due keyspace.Due) write {
	if due.OfField {
		return write{kind: "hreap", key: bareKey(due.Key), field: string(due.Field)}
	}
	return write{kind: "reap", key: bareKey(due.Key)}
}

// ending tells whether keys or fields end.
func (c *conditions) ending() bool { return c.expiry+c.fieldEnds > 0 }

// others is how long after its end a node deletes what another let end.
func (c *conditions) others() time.Duration {
	tenths := c.expiry
	if tenths == 0 {
		tenths = c.fieldEnds
	}
	return time.Duration(tenths) * 100 * time.Millisecond
}

// today is the time for what ends: 0 where nothing does.
func (n *node) today() int64 {
	if n.w.cond.fieldEnds == 0 {
		return 0
	}
	return n.hlc.Look(maxOffset).WallMillis()
}

// awaitEnds lets the time pass in which all that can end does, and is deleted.
func (w *world) awaitEnds() {
	if !w.cond.ending() || w.failed() {
		return
	}
	w.run(w.now+longest*time.Millisecond+maxOffset+w.cond.others()+2*time.Second, w.failed)
	if !w.failed() {
		w.converge()
	}
}

// checkEnds: what ended some time ago has been deleted. An account of a bounded counter whose definition was deleted shows
// nothing, and keeps the mark of a PERSIST beside the deletion.
func (w *world) checkEnds(n *node) {
	if !w.cond.ending() {
		return
	}
	for _, key := range w.keys {
		late := n.hlc.Look(maxOffset).WallMillis() - (maxOffset + w.cond.others() + time.Second).Milliseconds()
		if want := crdttest.SpecAt(w.visible(n.core.Vector(), key), late); want.Gone(late) && !(want.Until == 0 && w.cond.bounded > 0) {
			w.fail("I-18", "node %v keeps %s, which ended at %d: %v", n, key, want.Until, want)
		}
		w.checkFieldEnds(n, key, late)
	}
}
