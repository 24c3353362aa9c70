package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestADigestKeptUpIsTheDigestFromScratch(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	last := keyspace.Digest{}
	for i := range 20 {
		key := b(fmt.Sprint("k", i%7))
		do(t, n, command.Delete{List: [][]byte{key}})
		switch i % 3 {
		case 0:
			do(t, n, command.Set{Key: key, Value: fmt.Append(nil, i)})
		case 1:
			do(t, n, command.SAdd{Key: key, Members: manyMembers(5)})
		default:
			do(t, n, command.Incr{Key: key, Delta: int64(i)})
		}
		kept, err := n.Digest(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		heads, _ := n.Durable()
		fresh, err := keyspace.ComputeDigest(n.db, 0, kept.Vector, crdt.Knowledge{Seen: func(o clock.Origin) crdt.Context {
			return crdt.Context{Seen: heads[0].Dep, Self: clock.Dot{Origin: o, Seq: heads[0].Seq}}
		}})
		if err != nil || fresh.Sum != kept.Sum || fresh.Cells != kept.Cells {
			t.Fatalf("step %d: %d cells kept, %d from scratch (%v)", i, kept.Cells, fresh.Cells, err)
		}
		if kept.Sum == last.Sum {
			t.Fatal("a write did not change the digest")
		}
		last = kept
	}
}

func TestDamagedCellsAreNamedAndNotServed(t *testing.T) {
	c := newRegion(2)
	c.do(t, command.SAdd{Key: b("s"), Members: manyMembers(2)})
	c.commit()
	for key, good := range c.mem.cells {
		if key[0] != 0x10 {
			continue
		}
		c.mem.cells[key] = []byte{0xee, 1, 2}
		_, err := keyspace.ComputeDigest(c.mem, 0, c.Vector(), crdt.Knowledge{Seen: func(clock.Origin) crdt.Context { return crdt.Context{} }})
		_, _, readErr := c.Execute([]keyspace.Command{command.SMembers{Key: b("s")}})
		_, _, countErr := c.Execute([]keyspace.Command{command.SCard{Key: b("s")}})
		if !errors.Is(err, keyspace.ErrDamaged) && !errors.Is(readErr, keyspace.ErrDamaged) && !errors.Is(countErr, keyspace.ErrDamaged) {
			t.Errorf("damage of %x went unseen: %v, %v, %v", key, err, readErr, countErr)
		}
		c.mem.cells[key] = good
	}
}
