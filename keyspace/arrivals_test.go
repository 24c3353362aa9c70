package keyspace

import (
	"encoding/binary"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// added is an update that adds an entry to a stream, and its name there.
func added(key string, seq uint64) (*crdt.Update, clock.Dot) {
	name := crdt.EntryName(crdt.StreamID{Ms: seq}, 1)
	ch := crdt.Change{Key: []byte(key), Entries: []crdt.FieldChange{{Name: name, Edit: crdt.Edit{Assign: true}}}}
	return &crdt.Update{Changes: []crdt.Change{ch}}, clock.Dot{Origin: 1, Seq: clock.Seq(seq)}
}

// What is remembered is bounded, and what was forgotten is known to be.
func TestArrivalsAreBounded(t *testing.T) {
	var a arrivals
	var vv clock.VersionVector
	seq := uint64(0)
	key := func(i int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(i))) }
	add := func(i int) {
		seq++
		u, dot := added(key(i), seq)
		a.note(vv, u, dot, mistake.Set{})
		vv.Advance(dot.Origin, dot.Seq)
	}
	for i := range 2 * arrivalsStreamsMax {
		if _, ok := a.since([]byte(key(i)), vv, vv); ok {
			t.Fatalf("stream %d is remembered before it was read", i)
		}
		add(i)
	}
	if len(a.streams) != arrivalsStreamsMax || a.blocks != arrivalsStreamsMax {
		t.Fatalf("%d streams, %d blocks", len(a.streams), a.blocks)
	}
	hot := 2*arrivalsStreamsMax - 1
	begin := vv
	for range arrivalsBlock*arrivalsBlocksMax - 1 {
		add(hot)
	}
	list, ok := a.since([]byte(key(hot)), begin, vv)
	if !ok || len(list) < arrivalsBlock*arrivalsBlocksMax-1 {
		t.Fatalf("%d entries, %v", len(list), ok)
	}
	for range arrivalsBlock {
		add(hot)
	}
	if _, ok := a.since([]byte(key(hot)), begin, vv); ok {
		t.Error("what was forgotten is not missed")
	}
	for i := range 20 { // in turn, so that all grow
		a.since([]byte(key(hot-i)), vv, vv)
	}
	for n := range 20 * arrivalsBlock * arrivalsBlocksMax {
		add(hot - n%20)
	}
	blocks := 0
	for _, s := range a.streams {
		blocks += len(s.blocks)
	}
	if blocks != a.blocks || blocks > arrivalsAllMax || len(a.streams) > arrivalsStreamsMax {
		t.Errorf("%d streams, %d blocks, %d counted", len(a.streams), blocks, a.blocks)
	}
	a.forget()
	if _, ok := a.since([]byte(key(hot)), vv, vv); ok || a.blocks != 0 {
		t.Error("something is left")
	}
}
