package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// write runs the commands of a step as one transaction at a node.
func (w *world) write(n *node, st step) {
	if n.disk.full {
		sometimes.hit("write refused by a full disk")
		return
	}
	if n.stale() {
		sometimes.hit("write refused by an old copy that catches up")
		return
	}
	if n.out(true) {
		sometimes.hit("write refused by a removed member")
		return
	}
	if slices.ContainsFunc(st.ops, w.tooLate) {
		return
	}
	saw := n.core.Vector()
	beyond := map[string]clock.VersionVector{}
	w.sessions.before(n, st.ops)
	ops := map[string]crdttest.Op{}
	var cmds []keyspace.Command
	for _, op := range st.ops {
		spec, cmd := w.commandOf(op)
		ops[op.key] = spec
		beyond[op.key], _ = n.core.VectorOf(fullKey(op.key))
		cmds = append(cmds, cmd)
	}
	replies, written, err := n.core.Execute(placed(cmds))
	switch {
	case errors.Is(err, keyspace.ErrBusy), errors.Is(err, command.ErrIDTop) && n.taking(keysOf(st.ops)...): // from what is merged of it
		sometimes.hit("write of a key in transfer refused")
		return
	case errors.Is(err, keyspace.ErrSuperseded):
		return
	case n.refuses(err, keysOf(st.ops)...):
		sometimes.hit("write refused on damage")
		return
	case isRefusal(err), errors.Is(err, keyspace.ErrWrongType) || errors.Is(err, keyspace.ErrNotInteger):
		sometimes.hit("command refused")
		return
	case err != nil:
		w.fail("I-33", "node %s: %v: %v", n.id, st, err)
		return
	case !written:
		return
	}
	dropIdle(ops, replies, cmds)
	u := w.record(n, saw, ops)
	u.beyond = beyond
	w.prepare(u, st.ops)
	n.open = append(n.open, u)
	w.note("%s writes %v: %v", n.id, u.dot, st.ops)
	w.sessions.wrote(n, st.ops)
	w.history.wrote(n, st.ops)
	w.commitSoon(n, st.do == doCrash)
}

// commandOf returns what a write means to the rules, and to a node.
func (w *world) commandOf(op write) (crdttest.Op, keyspace.Command) {
	if isOnceKind(op.kind) {
		return w.onceCommand(op)
	}
	return op.command()
}

// isRefusal tells whether a command was refused for what the key holds.
func isRefusal(err error) bool {
	var rights *command.NoRightsError
	var own *command.RefusedError
	return errors.As(err, &rights) || errors.As(err, &own) || errors.Is(err, command.ErrNoKey)
}

// taking tells that a transfer has merged some of the cells of a key and not the others.
func (n *node) taking(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, whole := n.core.VectorOf(fullKey(key)); return !whole })
}

func keysOf(ops []write) (keys []string) {
	for _, op := range ops {
		keys = append(keys, op.key)
	}
	return keys
}

// writeMore lets a client write that is no step of the scenario.
func (w *world) writeMore(n *node) {
	const apart = 1_000_000 // from the numbers of steps
	id := apart + 8*int(w.now/time.Microsecond) + n.number
	w.write(n, step{at: w.now, do: doWrite, node: n.id[0], ops: w.scenario.newWrites(n.roll(forWrite), id)})
}

// commitSoon commits at once or later: a batch may take more records, and frames in
// between, before it is committed.
func (w *world) commitSoon(n *node, crash bool) {
	switch {
	case crash:
		if n.commit(); n.up {
			n.crash("after a write")
		}
	case n.roll(forBatch).chance(w.cond.eager):
		n.commit()
	default:
		n.later(n.roll(forBatch).between(0, 500*time.Millisecond), n.commit)
	}
}

// dropIdle takes out the commands that changed nothing: they are no part of the update.
func dropIdle(ops map[string]crdttest.Op, replies []keyspace.Reply, cmds []keyspace.Command) {
	for i, cmd := range cmds {
		idle := false
		switch c := cmd.(type) {
		case command.Delete, command.SRem, command.HDel, command.ZRem:
			idle = replies[i].Int == 0
		case command.Expire, command.Reap, command.HReap:
			idle = replies[i].Int == 0
		case command.HExpire, command.HPersist:
			idle = replies[i].Ints[0] != command.FieldSet
		case command.ResetCounter, command.Persist:
			idle = !replies[i].Found
		case streamWrite:
			idle = c.op.Kind == ""
			ops[c.key] = *c.op
		case groupWrite:
			idle = c.op.Kind == ""
			ops[c.key] = *c.op
		case sketchWrite:
			idle = c.op.Kind == ""
			ops[c.key] = *c.op
		case boundedWrite:
			idle = c.op.Kind == ""
			ops[c.key] = *c.op
		case listWrite:
			idle = c.op.Kind == ""
			ops[c.key] = *c.op
		}
		if idle {
			delete(ops, string(cmd.Keys()[0]))
		}
	}
}

// command returns what the write means to the rules, and to a node.
func (op write) command() (crdttest.Op, keyspace.Command) {
	if isExpiry(op.kind) {
		return op.expiryCommand()
	}
	if isFieldEnd(op.kind) {
		return op.fieldEndCommand()
	}
	k, v := []byte(op.key), []byte(op.value)
	spec := crdttest.Op{Kind: op.kind, Value: op.value, Delta: op.delta}
	if isStreamKind(op.kind) {
		return op.streamCommand()
	}
	if op.kind == "pfadd" {
		return op.sketchCommand()
	}
	if isBoundedKind(op.kind) {
		return op.boundedCommand()
	}
	if isListKind(op.kind) {
		return op.listCommand()
	}
	switch op.kind {
	case "set":
		return spec, command.Set{Key: k, Value: v}
	case "del":
		return spec, command.Delete{List: [][]byte{k}}
	case "reset":
		spec.Kind = "del"
		return spec, command.ResetCounter{Key: k}
	case "incr":
		return spec, command.Incr{Key: k, Delta: op.delta}
	case "sadd":
		return spec, command.SAdd{Key: k, Members: [][]byte{v}}
	case "hset", "hincr", "hdel":
		return op.fieldCommand()
	case "zadd", "zincr", "zrem":
		return op.scoreCommand()
	default:
		return spec, command.SRem{Key: k, Members: [][]byte{v}}
	}
}
