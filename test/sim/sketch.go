package sim

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// sketchRegisters is how many registers of a HyperLogLog are written to.
const sketchRegisters = 4

// newSketchWrite draws the rank of a register, or the deletion of the whole key.
func newSketchWrite(d *dice, key string) write {
	if d.n(10) == 0 {
		return write{kind: "del", key: key}
	}
	return write{kind: "pfadd", key: key, delta: int64(1 + d.n(crdt.SketchRankMax*sketchRegisters))}
}

// sketchWrite raises registers of a HyperLogLog, and finds out whether that changes anything.
type sketchWrite struct {
	write
	inner command.PFReplay
	op    *crdttest.Op
}

func (op write) sketchCommand() (crdttest.Op, keyspace.Command) {
	n := int(op.delta) - 1
	edit := crdt.Edit{Assign: true, Value: []byte{byte(1 + n/sketchRegisters)}}
	inner := command.PFReplay{Key: []byte(op.key), Ranks: []crdt.FieldChange{{Name: crdt.SketchName(n % sketchRegisters), Edit: edit}}}
	return crdttest.Op{}, sketchWrite{op, inner, new(crdttest.Op)}
}

func (sketchWrite) Name() string     { return "SKETCHWRITE" }
func (c sketchWrite) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (sketchWrite) Writes() bool     { return true }

// Run implements keyspace.Command.
func (c sketchWrite) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	*c.op = crdttest.Op{}
	if r, err = c.inner.Run(tx); err == nil && r.Int > 0 {
		x := c.inner.Ranks[0]
		*c.op = crdttest.Op{Kind: "pfadd", Field: string(x.Name), Delta: int64(x.Value[0])}
	}
	return r, err
}

// watchSketches is watchLists for HyperLogLogs.
func watchSketches(cmds []keyspace.Command) []keyspace.Command {
	for i, c := range cmds {
		if p, ok := c.(command.PFReplay); ok {
			cmds[i] = sketchWrite{write{key: string(p.Key)}, p, new(crdttest.Op)}
		}
	}
	return cmds
}
