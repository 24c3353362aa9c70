package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// newListWrite draws a command on an element of a list, or the deletion of the whole key.
func newListWrite(d *dice, id int, key string) write {
	w := write{key: key, value: "e" + strconv.Itoa(id), delta: int64(d.n(6)) - 3}
	switch d.n(14) {
	case 0:
		return write{kind: "del", key: key}
	case 1, 2, 3:
		w.kind = "rpush"
	case 4, 5:
		w.kind = "lpush"
	case 6, 7, 8:
		w.kind = "linsert"
	case 9, 10:
		w.kind = "lset"
	case 11:
		w.kind = "rpop"
	case 12:
		w.kind = "lremove"
	default:
		w.kind = "lpop"
	}
	return w
}

func isListKind(kind string) bool {
	return slices.Contains([]string{"rpush", "lpush", "linsert", "lset", "rpop", "lpop", "lremove"}, kind)
}

// listText prints a write to a list as parseList reads it: the index counts where the
// command takes one.
func (op write) listText() string {
	return fmt.Sprintf("%s:%s:%d=%s", op.kind, op.key, op.delta, op.value)
}

func parseList(op write, text string) (_ write, err error) {
	index, value, _ := strings.Cut(text, "=")
	op.value = value
	op.delta, err = strconv.ParseInt(index, 10, 64)
	return op, err
}

// listWrite runs a command that changes one element of a list at most, and finds out what
// that means to the rules: where the element stands is up to the node.
type listWrite struct {
	write
	// inner is what is run; nil makes it of the write.
	inner keyspace.Command
	op    *crdttest.Op
}

func (op write) listCommand() (crdttest.Op, keyspace.Command) {
	return crdttest.Op{}, listWrite{write: op, op: new(crdttest.Op)}
}

func (listWrite) Name() string     { return "LISTWRITE" }
func (c listWrite) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (listWrite) Writes() bool     { return true }

// Run implements keyspace.Command.
func (c listWrite) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.op = crdttest.Op{}
	old, values, err := elements(tx, c.key)
	if err != nil {
		return r, err
	}
	inner := c.inner
	if inner == nil {
		inner = c.onList(values)
	}
	if r, err = inner.Run(tx); err != nil {
		return r, err
	}
	now, _, err := elements(tx, c.key)
	for at, value := range now {
		if before, there := old[at]; !there || before != value {
			*c.op = crdttest.Op{Kind: "lset", Field: at, Value: value}
		}
	}
	for at := range old {
		if _, there := now[at]; !there {
			*c.op = crdttest.Op{Kind: "lrem", Field: at}
		}
	}
	return r, err
}

// elements returns what a list shows, by position and in order.
func elements(tx *keyspace.Tx, key string) (at map[string]string, values []string, err error) {
	at = map[string]string{}
	err = tx.Items([]byte(key), keyspace.Front, func(p crdt.Position, value []byte) bool {
		at[string(p)] = string(value)
		values = append(values, string(value))
		return true
	})
	return at, values, err
}

// onList returns the command for a list that shows values.
func (c listWrite) onList(values []string) keyspace.Command {
	k, v := []byte(c.key), []byte(c.value)
	n := int64(len(values))
	if n == 0 {
		switch c.kind {
		case "rpop", "lpop", "lremove":
			return command.Pop{Key: k, Count: 1}
		}
		return command.Push{Key: k, Values: [][]byte{v}, To: keyspace.Back}
	}
	index := ((c.delta % n) + n) % n
	switch c.kind {
	case "rpush":
		return command.Push{Key: k, Values: [][]byte{v}, To: keyspace.Back}
	case "lpush":
		return command.Push{Key: k, Values: [][]byte{v}, To: keyspace.Front}
	case "linsert":
		return command.LInsert{Key: k, Before: c.delta < 0, Pivot: []byte(values[index]), Value: v}
	case "lset":
		return command.LSet{Key: k, Index: index, Value: v}
	case "lremove":
		return command.LRem{Key: k, Count: 1, Value: []byte(values[index])}
	case "rpop":
		return command.Pop{Key: k, From: keyspace.Back, Count: 1}
	default:
		return command.Pop{Key: k, Count: 1}
	}
}

// watchLists lets commands that are issued again find out what they mean to the rules.
func watchLists(cmds []keyspace.Command) []keyspace.Command {
	for i, c := range cmds {
		if l, ok := c.(command.LReplay); ok {
			cmds[i] = listWrite{write: write{key: string(l.Key)}, inner: c, op: new(crdttest.Op)}
		}
	}
	return cmds
}

// lookList reads a list from both ends, and compares that with what its elements show.
func (n *node) lookList(key string, v *crdttest.View) (length int, err error) {
	all, err := n.read(command.LRange{Key: []byte(key), Stop: -1})
	if err != nil {
		return 0, err
	}
	for i, value := range all.List {
		back, err := n.read(command.LIndex{Key: []byte(key), Index: int64(i - len(all.List))})
		if err != nil {
			return 0, err
		}
		if string(back.Value) != string(value) {
			return 0, fmt.Errorf("LINDEX %d gives %q, LRANGE %q", i-len(all.List), back.Value, all.List)
		}
		if i < len(v.Items) && !strings.Contains(v.Items[i], fmt.Sprintf("=[%q", value)) {
			return 0, fmt.Errorf("LRANGE gives %q, the elements %v", all.List, v.Items)
		}
	}
	r, err := n.read(command.LLen{Key: []byte(key)})
	if int(r.Int) == len(v.Items) && len(all.List) != len(v.Items) {
		err = fmt.Errorf("LRANGE gives %q, the elements %v", all.List, v.Items)
	}
	return int(r.Int), err
}
