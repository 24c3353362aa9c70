package sim

import (
	"errors"
	"strconv"
	"time"

	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// step is one thing that a client, an operator or the world does.
func (w *world) step() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	if w.chance(65) {
		if n.up {
			w.write(n)
		}
		return
	}
	p := w.nodes[w.rng.IntN(len(w.nodes))]
	switch w.rng.IntN(12) {
	case 0, 1:
		w.cutLink(n, p, true)
	case 2:
		w.cutLink(n, p, false)
	case 3, 4:
		clear(w.cuts)
		w.note("heal")
	case 5, 6:
		w.power(n)
	case 7:
		n.offset = w.between(-maxOffset/2, maxOffset/2)
		w.note("clock of %s: %v", n.id, n.offset)
	case 8:
		if n.up && !w.restore {
			n.truncate()
			w.note("truncate %s", n.id)
		}
	case 9, 10:
		w.copyOrRestore(n)
	case 11:
		if s := n.pulls[p.id]; n.up && s != nil && s.sink.Welcomed() {
			w.note("forged frame %s<-%s", n.id, p.id)
			w.forge(s)
		}
	}
}

func (w *world) cutLink(n, p *node, both bool) {
	if n == p {
		return
	}
	w.cuts[[2]*node{n, p}] = true
	if both {
		w.cuts[[2]*node{p, n}] = true
	}
	w.note("cut %s-%s both=%v", n.id, p.id, both)
}

// power crashes a node, or starts it again.
func (w *world) power(n *node) {
	if !n.up {
		n.start()
		w.note("start %v", n)
		return
	}
	if len(n.disk.unsynced) > 0 {
		sometimes.hit("crash with unsynced commits")
	}
	n.crash()
	w.note("crash %s", n.id)
}

// copyOrRestore takes a copy of a durable disk, or puts an earlier one in its place.
func (w *world) copyOrRestore(n *node) {
	if !w.restore {
		return
	}
	old := w.copies[n]
	if old == nil || !n.up {
		w.copies[n] = n.disk.durable.clone()
		w.note("copy disk of %s", n.id)
		return
	}
	n.crash()
	w.loseTail(n)
	n.rollBack(old)
	n.start()
	sometimes.hit("older disk restored")
	w.note("restore disk of %v", n)
}

// write runs one to three commands on different keys as one transaction.
func (w *world) write(n *node) {
	saw := n.core.Vector()
	ops := map[string]crdttest.Op{}
	var cmds []keyspace.Command
	for i := range 1 + w.rng.IntN(len(w.keys)) {
		key := w.keys[(i+w.rng.IntN(len(w.keys)))%len(w.keys)]
		if _, twice := ops[key]; twice {
			continue
		}
		op, cmd := w.command(key)
		ops[key] = op
		cmds = append(cmds, cmd)
	}
	replies, written, err := n.core.Execute(cmds)
	switch {
	case errors.Is(err, keyspace.ErrWrongType) || errors.Is(err, keyspace.ErrNotInteger):
		sometimes.hit("command refused")
		return
	case err != nil:
		w.fail("node %s: %v: %v", n.id, ops, err)
		return
	case !written:
		return
	}
	w.dropIdle(ops, replies, cmds)
	u := w.record(n, saw, ops)
	n.open = append(n.open, u)
	w.note("%s writes %v: %v", n.id, u.dot, describe(ops))
	// A batch may take more records, and frames in between, before it is committed.
	if w.chance(w.eager) {
		n.commit()
	} else {
		n.later(w.between(0, 500*time.Millisecond), n.commit)
	}
	if w.chance(3) {
		n.commit()
		w.power(n)
	}
}

// dropIdle takes out the commands that changed nothing: they are no part of the update.
func (w *world) dropIdle(ops map[string]crdttest.Op, replies []keyspace.Reply, cmds []keyspace.Command) {
	for i, cmd := range cmds {
		idle := false
		switch cmd.(type) {
		case command.Delete, command.SRem:
			idle = replies[i].Int == 0
		case command.ResetCounter:
			idle = !replies[i].Found
		}
		if idle {
			delete(ops, string(cmd.Keys()[0]))
		}
	}
}

func describe(ops map[string]crdttest.Op) string {
	out := ""
	for _, key := range []string{"j", "k"} {
		if op, ok := ops[key]; ok {
			out += " " + op.Kind + " " + key + " " + op.Value + strconv.FormatInt(op.Delta, 10)
		}
	}
	return out
}

func (w *world) command(key string) (crdttest.Op, keyspace.Command) {
	k := []byte(key)
	switch w.rng.IntN(10) {
	case 0, 1:
		v := "v" + strconv.Itoa(len(w.updates))
		if w.chance(60) {
			v = strconv.Itoa(1000 * len(w.updates))
		}
		return crdttest.Op{Kind: "set", Value: v}, command.Set{Key: k, Value: []byte(v)}
	case 2:
		return crdttest.Op{Kind: "del"}, command.Delete{List: [][]byte{k}}
	case 3:
		return crdttest.Op{Kind: "del"}, command.ResetCounter{Key: k}
	case 4, 5, 6:
		d := w.rng.Int64N(19) - 9
		return crdttest.Op{Kind: "incr", Delta: d}, command.Incr{Key: k, Delta: d}
	case 7, 8:
		m := string(rune('x' + w.rng.IntN(3)))
		return crdttest.Op{Kind: "sadd", Value: m}, command.SAdd{Key: k, Members: [][]byte{[]byte(m)}}
	default:
		m := string(rune('x' + w.rng.IntN(3)))
		return crdttest.Op{Kind: "srem", Value: m}, command.SRem{Key: k, Members: [][]byte{[]byte(m)}}
	}
}
