package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// newBoundedWrite draws a command on a bounded counter: mostly a spend.
func newBoundedWrite(d *dice, key string) write {
	w := write{key: key, kind: "bdecr", delta: 1 + int64(d.n(12))}
	switch d.n(16) {
	case 0:
		return write{kind: "del", key: key}
	case 1:
		w.kind, w.delta = "bcreate", int64(d.n(40))
	case 2, 3:
		w.kind = "bincr"
	}
	return w
}

func isBoundedKind(kind string) bool {
	return slices.Contains([]string{"bcreate", "bincr", "bdecr"}, kind)
}

// boundedWrite runs a command on a bounded counter, and finds out what that means to the rules: whether
// it takes, or wishes, is up to the node.
type boundedWrite struct {
	write
	inner keyspace.Command // nil makes it of the write
	op    *crdttest.Op
}

func (op write) boundedCommand() (crdttest.Op, keyspace.Command) {
	return crdttest.Op{}, boundedWrite{write: op, op: new(crdttest.Op)}
}

func (boundedWrite) Name() string     { return "BOUNDEDWRITE" }
func (c boundedWrite) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (boundedWrite) Writes() bool     { return true }

// Run implements keyspace.Command.
func (c boundedWrite) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.op = crdttest.Op{}
	before, err := cellsOf(tx, c.key)
	if err != nil {
		return r, err
	}
	inner := c.inner
	if inner == nil {
		inner = c.onBounded(len(before.cells) > 0 && before.defined)
	}
	if r, err = inner.Run(tx); err != nil {
		return r, err
	}
	after, err := cellsOf(tx, c.key)
	*c.op = after.since(before)
	return r, err
}

func (c boundedWrite) onBounded(there bool) keyspace.Command {
	k := []byte(c.key)
	switch {
	case c.kind == "bcreate", !there:
		return command.BCreate{Key: k, Bound: c.delta%5 - 2, Value: c.delta + 2}
	case c.kind == "bincr":
		return command.BIncr{Key: k, N: c.delta}
	default:
		return command.BDecr{Key: k, N: c.delta}
	}
}

// boundedCells are those of a bounded counter, in words, and what they show.
type boundedCells struct {
	cells   map[string]string
	defined bool
	of      crdt.Sibling       // the definition
	by      map[clock.Dot]bool // the last update of each origin that changed rights
	sum     int64              // above the bound
}

func cellsOf(tx *keyspace.Tx, key string) (b boundedCells, err error) {
	fields := map[string]crdt.Field{}
	b.cells, b.by = map[string]string{}, map[clock.Dot]bool{}
	err = tx.EachField([]byte(key), crdt.TypeBounded, func(name []byte, f *crdt.Field) bool {
		copied, _ := crdt.DecodeField(f.Append(nil))
		fields[string(name)] = copied
		for _, s := range copied.Counter.Shards {
			b.by[clock.Dot{Origin: s.Origin, Seq: s.Seq}] = true
		}
		wish := crdt.Field{Register: copied.Register} // what is folded changes the cell, and nothing else
		b.cells[string(name)] = fmt.Sprintf("%x %v", wish.Append(nil), f.Counter.Sum())
		return true
	})
	def := fields[string(crdt.BoundName())]
	if b.of, b.defined = def.Register.Shown(); !b.defined {
		return b, err
	}
	for name, f := range fields {
		if of, _, ok := crdt.SplitAccount([]byte(name)); ok && of == b.of.Dot {
			n, _ := f.Counter.Sum().Int64()
			b.sum += n
		}
	}
	return b, err
}

// since tells what happened to a bounded counter.
func (b boundedCells) since(before boundedCells) crdttest.Op {
	op := crdttest.Op{Field: string(crdt.AccountsOf(b.of.Dot))}
	switch {
	case !b.defined || maps.Equal(b.cells, before.cells):
		return crdttest.Op{}
	case !before.defined || b.of.Dot != before.of.Dot:
		bound, _ := crdt.ParseAmount(b.of.Value)
		op.Kind, op.Value, op.Delta = "bcreate", strconv.FormatInt(bound, 10), b.sum
	case b.sum != before.sum:
		op.Kind, op.Delta = "badd", b.sum-before.sum
	default:
		op.Kind = "bgrant" // or a wish
	}
	return op
}

type peek struct {
	key   string
	found *boundedCells
}

func (peek) Name() string     { return "PEEK" }
func (c peek) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (peek) Writes() bool     { return false }

// Run implements keyspace.Command.
func (c peek) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.found, err = cellsOf(tx, c.key)
	return r, err
}

// granted tells what a node has granted by itself, by one update. The same tick may have merged updates
// that were parked: these are not its own.
func (n *node) granted(by clock.Dot) map[string]crdttest.Op {
	ops := map[string]crdttest.Op{}
	if n.w.cond.bounded == 0 {
		return ops
	}
	for _, key := range n.w.keys {
		x := peek{key: key, found: new(boundedCells)}
		if _, err := n.read(x); err == nil && x.found.by[by] {
			sometimes.hit("rights granted")
			ops[key] = crdttest.Op{Kind: "bgrant", Field: string(crdt.AccountsOf(x.found.of.Dot))}
		}
	}
	return ops
}

// checkBound: a bounded counter is never below its bound.
func (w *world) checkBound(n *node, key, view string) {
	var value, bound int64
	if _, err := fmt.Sscanf(view, "%d ≥ %d", &value, &bound); err != nil || value < bound {
		w.fail("I-60", "node %v has %s of %s", n, view, key)
	}
	sometimes.hit("bounded counter shown")
}

// watchBounded is watchLists for bounded counters.
func watchBounded(cmds []keyspace.Command) []keyspace.Command {
	for i, c := range cmds {
		if b, ok := c.(command.BReplay); ok {
			cmds[i] = boundedWrite{write: write{key: string(b.Key)}, inner: c, op: new(crdttest.Op)}
		}
	}
	return cmds
}
