package sim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// newFieldWrite draws a command on a field of a hash, or the deletion of the whole key.
func newFieldWrite(d *dice, id int, key string) write {
	w := write{key: key, field: string(rune('x' + d.n(3)))}
	switch d.n(12) {
	case 0:
		return write{kind: "del", key: key}
	case 1, 2, 3:
		w.kind = "hdel"
	case 4, 5, 6, 7:
		w.kind, w.value = "hset", strconv.Itoa(1000*id)
		if d.chance(40) {
			w.value = key + strconv.Itoa(id)
		}
	default:
		w.kind, w.delta = "hincr", int64(d.n(19))-9
	}
	return w
}

// fieldCommand returns what a write of a field means to the rules, and to a node.
func (op write) fieldCommand() (crdttest.Op, keyspace.Command) {
	k, f := []byte(op.key), []byte(op.field)
	spec := crdttest.Op{Kind: op.kind, Field: op.field, Value: op.value, Delta: op.delta}
	switch op.kind {
	case "hset":
		return spec, command.HSet{Key: k, Fields: []command.FieldValue{{Field: f, Value: []byte(op.value)}}}
	case "hincr":
		return spec, command.HIncr{Key: k, Field: f, Delta: op.delta}
	default:
		return spec, command.HDel{Key: k, Fields: [][]byte{f}}
	}
}

// fieldText prints a write of a field as parseField reads it.
func (op write) fieldText() string {
	switch op.kind {
	case "hset":
		return fmt.Sprintf("hset:%s:%s=%s", op.key, op.field, op.value)
	case "hincr":
		return fmt.Sprintf("hincr:%s:%s=%d", op.key, op.field, op.delta)
	default:
		return fmt.Sprintf("hdel:%s:%s", op.key, op.field)
	}
}

func parseField(op write, text string) (write, error) {
	field, value, _ := strings.Cut(text, "=")
	op.field = field
	if op.kind != "hincr" {
		op.value = value
		return op, nil
	}
	var err error
	op.delta, err = strconv.ParseInt(value, 10, 64)
	return op, err
}

// fieldOp returns what a command on a field that is issued again means to the rules.
func fieldOp(c keyspace.Command) crdttest.Op {
	switch c := c.(type) {
	case command.HSet:
		return crdttest.Op{Kind: "hset", Field: string(c.Fields[0].Field), Value: string(c.Fields[0].Value)}
	case command.HIncrFloat:
		delta, _ := c.Delta.Int64()
		return crdttest.Op{Kind: "hincr", Field: string(c.Field), Delta: delta}
	case command.HDel:
		return crdttest.Op{Kind: "hdel", Field: string(c.Fields[0])}
	default:
		return crdttest.Op{}
	}
}
