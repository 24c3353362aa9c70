package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// The group of a stream begins at the begin, so that each entry is of it.
var groupKinds = []string{"xnext", "xnext", "xnext", "xone", "xone", "xack", "xack", "xclaim", "xnoack"}

func isGroupKind(kind string) bool { return slices.Contains(groupKinds, kind) }

var errNoGroup = errors.New("no group")

func groupOf(key string) command.GroupOf {
	return command.GroupOf{Key: []byte(key), Group: []byte("g"), NoGroup: errNoGroup}
}

// groupWrite runs a command on the group of a stream, which it makes where there is none, and finds out what that means
// to the rules.
type groupWrite struct {
	write
	// again are run instead where an update is issued again.
	again []keyspace.Command
	op    *crdttest.Op
}

func (groupWrite) Name() string     { return "GROUPWRITE" }
func (c groupWrite) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (groupWrite) Writes() bool     { return true }

// groupCell is what is seen of a cell: its value, and the update that wrote it.
type groupCell struct {
	value string
	by    clock.Dot
}

// groupCellsIn returns the cells of the groups of a stream, and its mark under the empty name.
func groupCellsIn(tx *keyspace.Tx, key string) (map[string]groupCell, error) {
	cells := map[string]groupCell{}
	for _, t := range []crdt.Type{crdt.TypeGroups, crdt.TypeStream} {
		err := tx.EachField([]byte(key), t, func(name []byte, f *crdt.Field) bool {
			s, _ := f.Register.Shown()
			switch {
			case t == crdt.TypeGroups:
				cells[string(name)] = groupCell{string(s.Value), s.Dot}
			case string(name) == string(crdt.StreamMark()):
				cells[""] = groupCell{string(s.Value), s.Dot}
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// Run implements keyspace.Command.
func (c groupWrite) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.op = crdttest.Op{}
	before, err := groupCellsIn(tx, c.key)
	if err != nil {
		return r, err
	}
	old, _, err := entriesOf(tx, c.key)
	if err != nil {
		return r, err
	}
	cmds := c.again
	if cmds == nil {
		cmds = c.onGroup(before)
	}
	var given []string
	for _, cmd := range cmds {
		if r, err = cmd.Run(tx); err != nil {
			return r, err
		}
		given = append(given, givenIn(r)...)
	}
	after, err := groupCellsIn(tx, c.key)
	if err != nil {
		return r, err
	}
	state, _, err := tx.StreamState([]byte(c.key))
	if err != nil {
		return r, err
	}
	if now, _, err := entriesOf(tx, c.key); err != nil || len(now) != len(old) {
		return r, fmt.Errorf("%v changes entries: %d, then %d (%w)", c.write, len(old), len(now), err)
	}
	*c.op = changed(before, after, state)
	c.op.Given = given
	return r, nil
}

// changed returns what the rules make of cells that are not as they were.
func changed(before, after map[string]groupCell, state crdt.StreamState) (op crdttest.Op) {
	op.Cells = map[string]string{}
	for name, x := range after {
		if x == before[name] {
			continue
		}
		if op.Kind, op.Stream = "gput", state; name != "" {
			op.Cells[name] = x.value
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			op.Cells[name] = ""
		}
	}
	if op.Kind == "" && len(op.Cells) > 0 {
		op.Kind = "gdrop"
	}
	return op
}

// givenIn returns the ids of the entries that a reply to XREADGROUP gives.
func givenIn(r keyspace.Reply) (ids []string) {
	for _, s := range r.Replies {
		for _, e := range s.Entries {
			ids = append(ids, e.ID.String())
		}
	}
	return ids
}

func (c groupWrite) onGroup(before map[string]groupCell) (cmds []keyspace.Command) {
	g := groupOf(c.key)
	if !slices.ContainsFunc(sortedNames(before), func(name string) bool { return strings.HasPrefix(name, "\x03") }) {
		cmds = append(cmds, command.XGroupCreate{GroupOf: g, At: command.GroupStart{Read: crdt.UnknownRead}, Make: true})
	}
	ids := []crdt.StreamID{}
	for _, name := range sortedNames(before) {
		if n, ok := crdt.SplitGroup([]byte(name)); ok && n.Part == crdt.GroupPending {
			id, _, _ := crdt.SplitEntry(n.Of)
			ids = append(ids, id)
		}
	}
	next := command.XReadGroup{Consumer: []byte("c"), Streams: []command.ReadAs{{GroupOf: g, New: true}}}
	switch {
	case c.kind == "xack" && len(ids) > 0:
		return append(cmds, command.XAck{GroupOf: g, IDs: ids[int(c.delta)%len(ids):]})
	case c.kind == "xclaim" && len(ids) > 0:
		return append(cmds, command.XClaim{GroupOf: g, Consumer: []byte("d"), IDs: ids[:1], Idle: -1, Time: -1, Times: -1})
	case c.kind == "xone":
		next.Limit = 1
	case c.kind == "xnoack":
		next.NoAck, next.Limit = true, 1
	}
	return append(cmds, next)
}

func sortedNames(cells map[string]groupCell) (names []string) {
	for name := range cells {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// errProbe ends a command of which nothing is to be kept.
var errProbe = errors.New("only a look")

// probe finds out what a node would deliver, without delivering it.
type probe struct {
	groupWrite
	waits map[string]bool // ids
	there *bool           // there is the group
}

// Run implements keyspace.Command.
func (c probe) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	g, err := tx.ReaderGroup([]byte(c.key), []byte("g"))
	if err != nil || g == nil {
		return keyspace.Reply{}, errors.Join(errProbe, err)
	}
	*c.there = true
	next := command.XReadGroup{Consumer: []byte("c"), Streams: []command.ReadAs{{GroupOf: groupOf(c.key), New: true}}}
	r, err := next.Run(tx)
	for _, id := range givenIn(r) {
		c.waits[id] = true
	}
	return keyspace.Reply{}, errors.Join(errProbe, err)
}

// checkGroup checks that no entry is skipped: what a node would not deliver any more was delivered, in its region, or in another
// one where it is pending no more.
func (w *world) checkGroup(n *node, key string, holds clock.VersionVector) {
	if n.stale() || n.out(true) || n.disk.full || w.scenario.has(doFlip) {
		return
	}
	there, waits := false, map[string]bool{}
	_, _, err := n.core.Execute(placed([]keyspace.Command{probe{groupWrite{write: write{key: key}}, waits, &there}}))
	if !there || err == nil || err.Error() != errProbe.Error() {
		return
	}
	var entries []string
	var pending map[string]bool
	if _, err := n.read(groupState{key, &entries, &pending}); err != nil {
		return
	}
	for _, name := range entries {
		id, _, _ := crdt.SplitEntry([]byte(name))
		if waits[id.String()] || w.wasGiven(n, key, name, holds, pending) {
			continue
		}
		w.fail("I-54", "node %v never delivers %v of %s", n, id, key)
		return
	}
	if len(entries) > 0 {
		sometimes.hit("group compared")
	}
}

// wasGiven tells whether an update that a node has seen delivered an entry, so that the node need not.
func (w *world) wasGiven(n *node, key, name string, holds clock.VersionVector, pending map[string]bool) bool {
	id, _, _ := crdt.SplitEntry([]byte(name))
	for _, u := range w.updates {
		if !holds.Covers(u.dot) || !slices.Contains(u.ops[key].Given, id.String()) {
			continue
		}
		region := u.node.identity
		if region == n.identity || !pending[region+" "+name] || w.wasAcked(key, name, holds) {
			return true
		}
	}
	return false
}

// wasAcked tells whether an update that a node has seen acknowledged an entry. Somebody may have claimed it beside that: it is
// pending again then, with whoever has it now.
func (w *world) wasAcked(key, name string, holds clock.VersionVector) bool {
	return slices.ContainsFunc(w.updates, func(u *update) bool {
		if !holds.Covers(u.dot) {
			return false
		}
		for cell, value := range u.ops[key].Cells {
			p, ok := crdt.SplitGroup([]byte(cell))
			if ok && value == "" && p.Part == crdt.GroupPending && string(p.Of) == name {
				return true
			}
		}
		return false
	})
}

// groupState reads the entries of a stream, and what is pending in each region.
type groupState struct {
	key     string
	entries *[]string
	pending *map[string]bool
}

func (groupState) Name() string     { return "GROUPSTATE" }
func (c groupState) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (groupState) Writes() bool     { return false }

// Run implements keyspace.Command.
func (c groupState) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, *c.entries, err = entriesOf(tx, c.key); err != nil {
		return r, err
	}
	cells, err := groupCellsIn(tx, c.key)
	*c.pending = map[string]bool{}
	for name := range cells {
		if p, ok := crdt.SplitGroup([]byte(name)); ok && p.Part == crdt.GroupPending {
			(*c.pending)[p.Region+" "+string(p.Of)] = true
		}
	}
	return r, err
}
