package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// shortLife is the longest time that every other field gets to live, in milliseconds: it ends while others write to it.
const shortLife = 300

// newFieldEndWrite draws a command about the end of a field.
func newFieldEndWrite(d *dice, id int, key string) write {
	w := write{key: key, field: string(rune('x' + d.n(3))), delta: 1 + int64(d.n(longest))}
	if d.chance(50) {
		w.delta = 1 + int64(d.n(shortLife))
	}
	switch d.n(8) {
	case 0:
		w.kind, w.delta = "hpersist", 0
	case 1, 2, 3:
		w.kind, w.value = "hsetex", strconv.Itoa(1000*id)
	default:
		w.kind = "hexpire"
	}
	return w
}

// isFieldEnd tells whether a kind of write is about the end of a field.
func isFieldEnd(kind string) bool {
	return slices.Contains([]string{"hexpire", "hpersist", "hsetex", "hreap"}, kind)
}

// fieldEndCommand returns what such a write means to the rules, but for the time, and to a node.
func (op write) fieldEndCommand() (crdttest.Op, keyspace.Command) {
	k, list := []byte(op.key), [][]byte{[]byte(op.field)}
	life := command.Lifetime{As: command.EndsIn, Millis: op.delta}
	spec := crdttest.Op{Kind: "hexpire", Field: op.field}
	switch op.kind {
	case "hexpire":
		return spec, command.HExpire{Key: k, Fields: list, Life: life}
	case "hpersist":
		return spec, command.HPersist{Key: k, Fields: list}
	case "hreap":
		spec.Kind, spec.Reaps = "hdel", true
		return spec, command.HReap{Key: k, Fields: list}
	default:
		spec.Kind, spec.Value = "hset", op.value
		return spec, command.HSetEx{Key: k, Fields: []command.FieldValue{{Field: list[0], Value: []byte(op.value)}}, Life: life}
	}
}

// fieldEndText prints such a write as parseFieldEnd reads it.
func (op write) fieldEndText() string {
	return fmt.Sprintf("%s:%s:%s=%d=%s", op.kind, op.key, op.field, op.delta, op.value)
}

func parseFieldEnd(op write, text string) (write, error) {
	parts := strings.SplitN(text, "=", 3)
	if len(parts) != 3 {
		return op, fmt.Errorf("a field, a time and a value")
	}
	var err error
	op.field, op.value = parts[0], parts[2]
	op.delta, err = strconv.ParseInt(parts[1], 10, 64)
	return op, err
}

// checkFieldEnds: fields that ended some time ago have been deleted.
func (w *world) checkFieldEnds(n *node, key string, late int64) {
	visible := w.visible(n.core.Vector(), key)
	for _, name := range []string{"x", "y", "z"} {
		if crdttest.HasField(visible, name) && crdttest.FieldGone(visible, name, late) {
			w.fail("I-18", "node %v keeps the field %s of %s, which has ended: %v", n, name, key, crdttest.Spec(visible))
		}
	}
}
