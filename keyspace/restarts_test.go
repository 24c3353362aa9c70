package keyspace_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// restarter is a node that restarts: cores come and go, its store and its log stay.
type restarter struct {
	*region
	name string
	ends keyspace.EndsConfig
	next *clock.Origin
	read map[string]int // frames of other nodes that were merged, by node
}

func newRestarters(t *testing.T, names ...string) []*restarter {
	t.Helper()
	var members []crdt.Declaration
	for _, n := range names {
		members = append(members, crdt.Declaration{Region: n, Node: "n1"})
	}
	next := clock.Origin(1)
	ends := keyspace.EndsConfig{Members: func() (active, removed []crdt.Declaration) { return members, nil }}
	var list []*restarter
	for _, n := range names {
		r := &restarter{region: newRegion(1), name: n, ends: ends, next: &next, read: map[string]int{}}
		r.restart()
		list = append(list, r)
	}
	return list
}

// restart opens a new core over what the store holds.
func (r *restarter) restart() {
	heads := slices.SortedFunc(maps.Values(r.mem.heads), func(a, b store.Head) int {
		return clock.Dot{Origin: a.Origin}.Compare(clock.Dot{Origin: b.Origin})
	})
	r.hlc = clock.NewHLC(r.wall, keyspace.Floor(heads))
	r.Core = keyspace.NewCore(keyspace.CoreConfig{
		Region: r.name, Node: "n1", Ends: r.ends,
		NewOrigin: func() clock.Origin { *r.next++; return *r.next * 0x9e3779b97f4a7c15 },
	}, r.mem, heads, r.hlc)
}

// exchange lets everybody merge what everybody has written, and decide, until nothing
// moves any more.
func exchange(t *testing.T, nodes []*restarter) {
	t.Helper()
	for moved := true; moved; {
		moved = false
		for _, r := range nodes {
			r.wall.at += time.Millisecond
			if err := r.Tick(); err != nil {
				t.Fatal(err)
			}
			moved = moved || !r.Idle()
			r.commit()
			for _, from := range nodes {
				for r != from && r.read[from.name] < len(from.frames) {
					f := from.frames[r.read[from.name]]
					r.read[from.name]++
					if f.Origin != r.Origin() {
						r.Merge(reread(t, f), func(err error) {
							if err != nil {
								t.Fatal(err)
							}
						})
					}
					moved = true
				}
			}
			r.commit()
		}
	}
}

func reread(t *testing.T, f *oplog.Frame) *oplog.Frame {
	t.Helper()
	d, err := oplog.Decode(f.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// metadata returns the bytes of vector and heads, of cells, and of counters among those,
// on disk.
func (r *restarter) metadata() (vectors, cells, counters int) {
	vectors = len(r.Vector().Append(nil))
	for _, h := range r.mem.heads {
		vectors += len(store.AppendHeads(nil, []store.Head{h}))
	}
	for k, v := range r.mem.cells {
		if k[0] == store.SpaceData {
			cells += len(v)
			if bytes.HasPrefix([]byte(k[7:]), []byte("n")) {
				counters += len(v)
			}
		}
	}
	return vectors, cells, counters
}

// play writes registers, counters and sets at three nodes for as many rounds; before each round
// every node restarts, if they do.
func play(t *testing.T, rounds int, restarts bool) []*restarter {
	t.Helper()
	nodes := newRestarters(t, "ap", "eu", "us")
	for round := range rounds {
		for _, r := range nodes {
			if restarts {
				r.restart()
			}
			r.do(t, command.Set{Key: fmt.Append(nil, "r", round%20), Value: []byte(r.name)})
			r.do(t, command.Incr{Key: fmt.Append(nil, "n", round%20), Delta: 1})
			r.do(t, command.SAdd{Key: []byte("s"), Members: [][]byte{fmt.Append(nil, round%20)}})
			r.do(t, command.HIncr{Key: []byte("nh"), Field: fmt.Append(nil, "f", round%20), Delta: 1})
			if round%7 == 0 {
				r.do(t, command.SRem{Key: []byte("s"), Members: [][]byte{fmt.Append(nil, round%5)}})
			}
			r.commit()
		}
		if round%3 == 0 || !restarts {
			exchange(t, nodes)
		}
	}
	for range 3 {
		exchange(t, nodes)
		for _, r := range nodes {
			for range 200 { // the sweep folds what nobody writes
				if err := r.Tick(); err != nil {
					t.Fatal(err)
				}
			}
			r.commit()
		}
	}
	return nodes
}

// A node takes a fresh origin at every start. What it leaves behind does not pile up in
// vectors, heads, registers and sets.
func TestAThousandRestartsLeaveNothingBehindInVectorsAndHeads(t *testing.T) {
	rounds := 1000 // takes a while: the store of these tests sorts all its keys at each scan
	if testing.Short() {
		rounds = 60
	}
	plain, restarted := play(t, 60, false), play(t, rounds, true)
	want, got := plain[0], restarted[0]
	wantVectors, wantCells, wantCounters := want.metadata()
	vectors, cells, counters := got.metadata()
	ends := got.Ends()
	t.Logf("%d restarts of 3 nodes: vector and heads %d bytes (%d without restarts), cells %d (%d), counters among them %d (%d), %+v",
		rounds, vectors, wantVectors, cells, wantCells, counters, wantCounters, ends)
	if got.Vector().Len() > 3 || ends.Live != 3 || ends.Retired < 3*rounds-10 {
		t.Errorf("vector %v, ends %+v", got.Vector(), ends)
	}
	if vectors > wantVectors*105/100+16 || cells-counters > (wantCells-wantCounters)*105/100+64 {
		t.Errorf("vector and heads take %d bytes, %d without restarts; cells %d, %d without", vectors, wantVectors, cells, wantCells)
	}
	// A counter keeps one sum for each node that ever incremented it, and what the node's
	// present incarnation has added.
	if counters > 2*wantCounters {
		t.Errorf("counters take %d bytes, %d without restarts", counters, wantCounters)
	}
	for i := range 20 {
		value := got.do(t, command.Get{Key: fmt.Append(nil, "n", i)})[0].Value
		if want := fmt.Append(nil, 3*(rounds/20)); !bytes.Equal(value, want) {
			t.Errorf("n%d is %s, want %s", i, value, want)
		}
		value = got.do(t, command.HGet{Key: []byte("nh"), Field: fmt.Append(nil, "f", i)})[0].Value
		if want := fmt.Append(nil, 3*(rounds/20)); !bytes.Equal(value, want) {
			t.Errorf("field f%d is %s, want %s", i, value, want)
		}
	}
	for _, r := range restarted[1:] {
		a, b := got.digestNow(t), r.digestNow(t)
		if !a.Vector.Equal(b.Vector) || !bytes.Equal(a.Sum[:], b.Sum[:]) {
			t.Errorf("%s and %s differ at %v and %v", got.name, r.name, a.Vector, b.Vector)
		}
	}
}

func (r *restarter) digestNow(t *testing.T) keyspace.Digest {
	t.Helper()
	d, err := keyspace.ComputeDigest(r.mem, 0, r.Vector(), r.Knowledge())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A second process on a copy of the data directory closes the origin of the first: the
// first stops taking writes as soon as it learns of that.
func TestAnOriginThatACopyHasClosedTakesNoMoreWrites(t *testing.T) {
	nodes := newRestarters(t, "eu", "us")
	eu, us := nodes[0], nodes[1]
	eu.do(t, command.Set{Key: []byte("k"), Value: []byte("1")})
	eu.commit()
	exchange(t, nodes)
	copied := &restarter{region: newRegion(1), name: "eu", ends: eu.ends, next: eu.next, read: map[string]int{"us": len(us.frames)}}
	copied.mem.cells, copied.mem.heads = maps.Clone(eu.mem.cells), maps.Clone(eu.mem.heads)
	copied.restart()
	copied.do(t, command.Set{Key: []byte("k"), Value: []byte("2")})
	copied.commit()
	if err := us.take(t, copied.frames[0]); err != nil {
		t.Fatal(err)
	}
	if err := eu.take(t, copied.frames[0]); err != nil {
		t.Fatal(err)
	}
	_, _, err := eu.Execute([]keyspace.Command{command.Set{Key: []byte("k"), Value: []byte("3")}})
	if err == nil || eu.Ends().Superseded == nil {
		t.Fatalf("the first process still writes: %v", err)
	}
	if _, _, err := eu.Execute([]keyspace.Command{command.Get{Key: []byte("k")}}); err != nil {
		t.Fatalf("it does not even read: %v", err)
	}
}

// An older copy of a data directory was started in its place and everybody retired the
// origin at what the copy had. The newer one, put back, holds updates that nobody takes:
// it neither writes nor shows them, however often it is restarted.
func TestANodeWhoseUpdatesAreRefusedStaysSilent(t *testing.T) {
	nodes := newRestarters(t, "eu", "us")
	eu, us := nodes[0], nodes[1]
	eu.do(t, command.Set{Key: []byte("k"), Value: []byte("1")})
	eu.commit()
	exchange(t, nodes)
	older := &restarter{region: newRegion(1), name: "eu", ends: eu.ends, next: eu.next, read: map[string]int{"us": len(us.frames)}}
	older.mem.cells, older.mem.heads = maps.Clone(eu.mem.cells), maps.Clone(eu.mem.heads)
	eu.do(t, command.Set{Key: []byte("k"), Value: []byte("2")})
	eu.commit()

	older.restart()
	older.do(t, command.Set{Key: []byte("j"), Value: []byte("1")})
	older.commit()
	us.read["eu"] = 0
	exchange(t, []*restarter{older, us})
	if us.Ends().Retired == 0 {
		t.Fatal("the origin is not retired")
	}

	silent := func(when string) {
		t.Helper()
		for _, cmd := range []keyspace.Command{command.Get{Key: []byte("k")}, command.Set{Key: []byte("k"), Value: []byte("3")}} {
			if _, _, err := eu.Execute([]keyspace.Command{cmd}); !errors.Is(err, keyspace.ErrSuperseded) {
				t.Errorf("%s, %s: %v", when, cmd.Name(), err)
			}
		}
	}
	for _, f := range slices.Concat(older.frames, us.frames) {
		eu.Merge(reread(t, f), func(error) {})
	}
	silent("after it has learned it")
	eu.commit()
	eu.restart()
	silent("after a restart")
}
