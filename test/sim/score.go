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

// newScoreWrite draws a command on a member of a sorted set, or the deletion of the whole
// key.
func newScoreWrite(d *dice, id int, key string) write {
	w := write{key: key, field: string(rune('x' + d.n(3)))}
	switch d.n(12) {
	case 0:
		return write{kind: "del", key: key}
	case 1, 2, 3:
		w.kind = "zrem"
	case 4, 5, 6, 7:
		w.kind, w.score = "zadd", float64(id)/8
		if d.chance(30) {
			w.score = pick(d, 0.1, -4.1, 1e16, 1e300, -1e-300)
		}
	default:
		w.kind, w.score = "zincr", pick(d, 0.1, 0.7, -3.3, 1, -1e16, 1e-9)
	}
	return w
}

// scoreCommand returns what a write of a score means to the rules, and to a node.
func (op write) scoreCommand() (crdttest.Op, keyspace.Command) {
	k, m := []byte(op.key), []byte(op.field)
	spec := crdttest.Op{Kind: op.kind, Field: op.field, Score: op.score}
	switch op.kind {
	case "zadd":
		return spec, command.ZAdd{Key: k, Members: []keyspace.Scored{{Member: m, Score: op.score}}}
	case "zincr":
		return spec, command.ZIncr{Key: k, Member: m, Delta: op.score}
	default:
		return spec, command.ZRem{Key: k, Members: [][]byte{m}}
	}
}

// scoreText prints a write of a score as parseScore reads it.
func (op write) scoreText() string {
	if op.kind == "zrem" {
		return fmt.Sprintf("zrem:%s:%s", op.key, op.field)
	}
	return fmt.Sprintf("%s:%s:%s=%s", op.kind, op.key, op.field, strconv.FormatFloat(op.score, 'g', -1, 64))
}

func parseScore(op write, text string) (_ write, err error) {
	field, value, _ := strings.Cut(text, "=")
	if op.field = field; op.kind != "zrem" {
		op.score, err = strconv.ParseFloat(value, 64)
	}
	return op, err
}

// scoreOp returns what a command on a score that is issued again means to the rules.
func scoreOp(c keyspace.Command) crdttest.Op {
	switch c := c.(type) {
	case command.ZAdd:
		return crdttest.Op{Kind: "zadd", Field: string(c.Members[0].Member), Score: c.Members[0].Score}
	case command.ZIncr:
		return crdttest.Op{Kind: "zincr", Field: string(c.Member), Score: c.Delta}
	case command.ZRem:
		return crdttest.Op{Kind: "zrem", Field: string(c.Members[0])}
	default:
		return crdttest.Op{}
	}
}

// lookRanges reads a sorted set by rank, from both ends, and compares that with what its
// members show.
func (n *node) lookRanges(key string, v *crdttest.View) error {
	for _, reverse := range []bool{false, true} {
		r, err := n.read(command.ZRange{Key: []byte(key), Span: command.Span{Stop: -1, Reverse: reverse}})
		if err != nil {
			return err
		}
		var got []string
		for i, m := range r.List {
			got = append(got, fmt.Sprintf("%s=%s", m, strconv.FormatFloat(r.Scores[i], 'g', -1, 64)))
		}
		if reverse {
			slices.Reverse(r.Scores)
		}
		sorted := slices.Sorted(slices.Values(got))
		if !slices.IsSorted(r.Scores) || !slices.Equal(sorted, v.Scores) {
			return fmt.Errorf("ZRANGE gives %v, the members %v", got, v.Scores)
		}
	}
	return nil
}
