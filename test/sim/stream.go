package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// newStreamWrite draws a command that adds or deletes one entry of a stream at most, or the deletion of the whole key.
func newStreamWrite(d *dice, key string) write {
	w := write{key: key, kind: "xadd", delta: int64(d.n(1000))}
	if d.chance(40) {
		w.kind = groupKinds[d.n(len(groupKinds))]
		return w
	}
	switch d.n(16) {
	case 0:
		return write{kind: "del", key: key}
	case 1, 2, 3:
		w.kind = "xdel"
	case 4, 5:
		w.kind = "xtrim"
	case 6:
		w.kind = "xsetid"
	case 7, 8, 9:
		w.kind = "xgiven"
	}
	return w
}

func isStreamKind(kind string) bool {
	return slices.Contains([]string{"xadd", "xgiven", "xdel", "xtrim", "xsetid"}, kind) || isGroupKind(kind)
}

// streamWrite runs a command on a stream, and finds out what that means to the rules.
type streamWrite struct {
	write
	// inner is what is run; nil makes it of the write.
	inner keyspace.Command
	op    *crdttest.Op
}

func (op write) streamCommand() (crdttest.Op, keyspace.Command) {
	if isGroupKind(op.kind) {
		return crdttest.Op{}, groupWrite{write: op, op: new(crdttest.Op)}
	}
	return crdttest.Op{}, streamWrite{write: op, op: new(crdttest.Op)}
}

func (streamWrite) Name() string     { return "STREAMWRITE" }
func (c streamWrite) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (streamWrite) Writes() bool     { return true }

// Run implements keyspace.Command. An id that XADD gives must follow all that the node has seen.
func (c streamWrite) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.op = crdttest.Op{}
	before, names, err := entriesOf(tx, c.key)
	if err != nil {
		return r, err
	}
	last, _, err := tx.StreamState([]byte(c.key))
	if err != nil {
		return r, err
	}
	inner := c.inner
	if inner == nil {
		inner = c.onStream(names, last.Last)
	}
	if r, err = inner.Run(tx); err != nil {
		return r, err
	}
	after, now, err := entriesOf(tx, c.key)
	if err != nil {
		return r, err
	}
	state, _, err := tx.StreamState([]byte(c.key))
	for _, name := range now {
		if _, there := before[name]; there {
			continue
		}
		*c.op = crdttest.Op{Kind: "xadd", Field: name, Value: after[name], Stream: state}
		if id, _, _ := crdt.SplitEntry([]byte(name)); c.inner == nil && id.Compare(last.Last) <= 0 {
			return r, fmt.Errorf("XADD gives %v, the last id was %v", id, last.Last)
		}
	}
	for _, name := range names {
		if _, there := after[name]; !there {
			*c.op = crdttest.Op{Kind: "xdel", Field: name, Stream: state}
		}
	}
	_, sets := inner.(command.XSetID)
	if _, again := inner.(command.XReplay); c.op.Kind == "" && (sets || again && r.Int > 0) {
		*c.op = crdttest.Op{Kind: "xdel", Stream: state}
	}
	return r, err
}

// entriesOf returns the entries of a stream by name, and their names in order.
func entriesOf(tx *keyspace.Tx, key string) (values map[string]string, names []string, err error) {
	values = map[string]string{}
	err = tx.Entries([]byte(key), crdt.StreamID{}, crdt.MaxStreamID, keyspace.Front, func(name []byte, f *crdt.Field) bool {
		s, _ := f.Register.Shown()
		values[string(name)] = string(s.Value)
		names = append(names, string(name))
		return true
	})
	return values, names, err
}

// onStream returns the command for a stream with entries and a last id.
func (c streamWrite) onStream(names []string, last crdt.StreamID) keyspace.Command {
	k, kind := []byte(c.key), c.kind
	if len(names) == 0 && kind != "xgiven" {
		kind = "xadd"
	}
	switch kind {
	case "xdel": // of one that has its id alone
		var ids []crdt.StreamID
		for i := range names {
			id, _, _ := crdt.SplitEntry([]byte(names[(i+int(c.delta))%len(names)]))
			if ids = append(ids, id); !twice(names, id) {
				return command.XDel{Key: k, IDs: ids[i:]}
			}
		}
		fallthrough
	case "xtrim":
		return command.XTrim{Key: k, Trim: command.Trim{By: command.ByLength, MaxLen: int64(len(names) - 1)}}
	case "xsetid":
		last.Ms++
		return command.XSetID{Key: k, Last: last, Added: -1}
	case "xgiven": // likely to be given elsewhere, too
		return command.XAdd{Key: k, ID: crdt.StreamID{Ms: last.Ms + 1}, Has: command.WholeID, Fields: [][]byte{k, fmt.Append(nil, c.delta)}}
	default:
		return command.XAdd{Key: k, Fields: [][]byte{k, fmt.Append(nil, c.delta)}}
	}
}

// twice tells whether two entries have an id.
func twice(names []string, id crdt.StreamID) bool {
	n := 0
	for _, name := range names {
		if bytes.HasPrefix([]byte(name), id.Begin()) {
			n++
		}
	}
	return n > 1
}

// watchStreams is watchLists for streams.
func watchStreams(cmds []keyspace.Command) []keyspace.Command {
	for i, c := range cmds {
		if x, ok := c.(command.XGroupReplay); ok {
			w := groupWrite{write: write{key: string(x.Key)}, again: []keyspace.Command{x}, op: new(crdttest.Op)}
			if i > 0 && bytes.Equal(cmds[i-1].Keys()[0], x.Key) {
				if s, both := cmds[i-1].(streamWrite); both {
					w.again = []keyspace.Command{s.inner, x}
					cmds[i-1] = command.XLen{Key: x.Key} // done below
				}
			}
			cmds[i] = w
		}
		if x, ok := c.(command.XReplay); ok {
			cmds[i] = streamWrite{write: write{key: string(x.Key)}, inner: c, op: new(crdttest.Op)}
		}
	}
	return cmds
}

// lookStream reads a stream from both ends, and compares that with what its cells show.
func (n *node) lookStream(key string, v *crdttest.View) (length int, err error) {
	all, err := n.read(command.XRange{Key: []byte(key), Last: crdt.MaxStreamID})
	if err != nil {
		return 0, err
	}
	back, err := n.read(command.XRange{Key: []byte(key), Last: crdt.MaxStreamID, Reverse: true})
	if err != nil {
		return 0, err
	}
	r, err := n.read(command.XLen{Key: []byte(key)})
	if err != nil || len(all.Entries) != len(back.Entries) || len(all.Entries) != int(r.Int) || len(all.Entries) != len(v.Stream)-1 {
		return 0, fmt.Errorf("XLEN gives %d, XRANGE %v, XREVRANGE %v, the cells %q (%w)", r.Int, all.Entries, back.Entries, v.Stream, err)
	}
	for i, e := range all.Entries {
		if other := back.Entries[len(back.Entries)-1-i]; other.ID != e.ID || !slices.EqualFunc(other.Fields, e.Fields, bytes.Equal) {
			return 0, fmt.Errorf("XRANGE gives %v, XREVRANGE %v", all.Entries, back.Entries)
		}
	}
	return int(r.Int), nil
}
