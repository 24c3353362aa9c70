package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// twin is what the store should hold, kept in plain maps.
type twin struct {
	cells map[string]string
	heads map[clock.Origin]Head
	log   map[clock.Origin][]*oplog.Frame
}

func newTwin() *twin {
	return &twin{cells: map[string]string{}, heads: map[clock.Origin]Head{}, log: map[clock.Origin][]*oplog.Frame{}}
}

func (t *twin) apply(c *Commit) {
	for _, cell := range c.Cells {
		if cell.Value == nil {
			delete(t.cells, string(cell.Key))
		} else {
			t.cells[string(cell.Key)] = string(cell.Value)
		}
	}
	for _, h := range c.Heads {
		t.heads[h.Origin] = h
	}
	for _, f := range c.Frames {
		t.log[f.Origin] = append(t.log[f.Origin], f)
	}
}

// script makes n commits of two origins that change common cells.
func script(n, valueBytes int) []*Commit {
	builders := []*oplog.Builder{oplog.NewBuilder(0, 0xa1), oplog.NewBuilder(0, 0xb2)}
	rng := rand.New(rand.NewPCG(1, 2))
	var seen clock.VersionVector
	var out []*Commit
	for i := range n {
		b := builders[i%3%2]
		c := &Commit{}
		var dep clock.VersionVector
		now := clock.MakeTimestamp(int64(1000+i), 0)
		for j := range 1 + i%3 {
			dep = seen.Without(b.Origin())
			seen.Advance(b.Origin(), b.Add(now, dep, fmt.Appendf(nil, "commit %d record %d", i, j)))
		}
		f := b.Frame()
		value := make([]byte, 1+rng.IntN(valueBytes))
		for j := range value {
			value[j] = byte(rng.Uint32()) // incompressible: memtables and files fill up
		}
		key := func(s string) []byte { return append([]byte{SpaceData}, s...) }
		c.Cells = []Cell{{key("last"), fmt.Append(nil, i)}, {key(fmt.Sprint("cell", i%7)), value}}
		if i%5 == 4 {
			c.Cells = append(c.Cells, Cell{Key: key(fmt.Sprint("cell", (i+3)%7))})
		}
		c.Frames = []*oplog.Frame{f}
		c.Heads = []Head{{Origin: f.Origin, Seq: f.Last(), Hash: f.Hash, Time: now, Dep: dep}}
		out = append(out, c)
	}
	return out
}

// differs says how db differs from the twin, or returns "".
func (t *twin) differs(db *DB) string {
	cells := map[string]string{}
	it, err := db.Iterate([]byte{SpaceData}, []byte{SpaceData + 1})
	if err != nil {
		return err.Error()
	}
	for ok := it.First(); ok; ok = it.Next() {
		cells[string(it.Key())] = string(it.Value())
	}
	if err := it.Close(); err != nil {
		return err.Error()
	}
	if d := cmp.Diff(t.cells, cells); d != "" {
		return "cells: " + d
	}
	heads, err := db.Heads(0)
	if err != nil || len(heads) != len(t.heads) {
		return fmt.Sprintf("heads: %v, %v", heads, err)
	}
	for _, h := range heads {
		if want := t.heads[h.Origin]; !bytes.Equal(h.encode(), want.encode()) {
			return fmt.Sprintf("head %+v, want %+v", h, want)
		}
		if d := t.logDiffers(db, h); d != "" {
			return d
		}
	}
	return ""
}

// logDiffers walks the log of one origin from its start to its head, checking the chain.
func (t *twin) logDiffers(db *DB, h Head) string {
	v := db.View()
	defer v.Close()
	l := db.Log(0)
	start, err := l.Start(h.Origin)
	if err != nil {
		return err.Error()
	}
	at := start - 1
	for _, want := range t.log[h.Origin] {
		if want.Last() < start {
			continue
		}
		got, err := l.Next(v, h.Origin, at)
		if err != nil || !bytes.Equal(got, want.Append(nil)) {
			return fmt.Sprintf("log of %v after %d: %x, %v", h.Origin, at, got, err)
		}
		at = want.Last()
	}
	if at != h.Seq {
		return fmt.Sprintf("log of %v ends at %d, head is %d", h.Origin, at, h.Seq)
	}
	if got, err := l.Next(v, h.Origin, at); got != nil || err != nil {
		return fmt.Sprintf("log of %v goes on after its head: %x, %v", h.Origin, got, err)
	}
	return ""
}

func mustOpen(t *testing.T, opts Options) *DB {
	t.Helper()
	db, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func mustApply(t *testing.T, db *DB, c *Commit) Pending {
	t.Helper()
	p, err := db.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
