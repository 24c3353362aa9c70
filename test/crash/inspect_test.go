package crash

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// state is what a run without faults held after a step.
type state struct {
	heads   []byte // encoded: records, stamps, chain hashes and contexts
	starts  string // of the op log, by origin
	digest  [32]byte
	visible model
}

// reference is a run without faults: its states by step, and all frames.
type reference struct {
	steps  []step
	states []state
	frames map[clock.Origin][][]byte
	all    []*oplog.Frame // in the order in which they became durable
	keys   map[string]bool
	sets   map[string]bool
	fields map[[2]string]bool
}

// newReference plays the script and checks every step against the model, and at the end that the
// frames alone make the same state.
func newReference(t *testing.T, seed uint64) *reference {
	t.Helper()
	ref := &reference{steps: newScript(t, seed), frames: map[clock.Origin][][]byte{}, keys: map[string]bool{}, sets: map[string]bool{}, fields: map[[2]string]bool{}}
	for _, s := range ref.steps {
		for k := range s.visible.values {
			ref.keys[k] = true
		}
		for k := range s.visible.sets {
			ref.sets[k] = true
		}
		for at := range s.visible.fields {
			ref.fields[at] = true
		}
	}
	r := &run{fs: vfs.NewMem(), patient: true}
	r.durable = func(frames []*oplog.Frame) {
		for _, f := range frames {
			ref.frames[f.Origin] = append(ref.frames[f.Origin], f.Append(nil))
			ref.all = append(ref.all, f)
		}
	}
	r.after = func(i int, s *shard) error {
		visible := newModel()
		if i > 0 {
			visible = ref.steps[i-1].visible
		}
		st, err := ref.look(s, visible)
		ref.states = append(ref.states, st)
		return err
	}
	if err := r.play(ref.steps); err != nil {
		t.Fatal(err)
	}
	ref.replay(t)
	return ref
}

func (ref *reference) look(s *shard, visible model) (st state, err error) {
	d, err := s.Digest(context.Background())
	if err != nil {
		return st, err
	}
	heads, err := s.db.Heads(0)
	if err != nil {
		return st, err
	}
	starts, err := logStarts(s.db, heads)
	if err != nil {
		return st, err
	}
	return state{store.AppendHeads(nil, heads), starts, d.Sum, visible}, ref.reads(s, visible)
}

// replay checks that the op log alone makes the cells.
func (ref *reference) replay(t *testing.T) {
	t.Helper()
	s, err := openShard(vfs.NewMem(), 1, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	for _, f := range ref.all {
		if err := s.Merge(ctx, f, func(error) {}); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range ref.all {
		if err := s.reaches(ctx, f.Origin, f.Last()); err != nil {
			t.Fatal(err)
		}
	}
	d, err := s.Digest(ctx)
	if err != nil || d.Sum != ref.states[len(ref.states)-1].digest {
		t.Errorf("the frames of the script make other cells than its commands: %v", err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

// logStarts returns where the log of each origin begins.
func logStarts(db *store.DB, heads []store.Head) (string, error) {
	var b []byte
	for _, h := range heads {
		start, err := db.Log(0).Start(h.Origin)
		if err != nil {
			return "", err
		}
		b = fmt.Appendf(b, "%v from %d; ", h.Origin, start)
	}
	return string(b), nil
}

// reads compares what readers see with the model.
func (ref *reference) reads(s *shard, want model) error {
	ctx := context.Background()
	for k := range ref.keys {
		r, err := s.Read(ctx, command.Get{Key: []byte(k)})
		if err != nil {
			return err
		}
		if v, found := want.values[k]; string(r.Value) != v || r.Found != found {
			return fmt.Errorf("%s is %.40q (found: %v), wanted %.40q (%v)", k, r.Value, r.Found, v, found)
		}
	}
	for k := range ref.sets {
		r, err := s.Read(ctx, command.SMembers{Key: []byte(k)})
		if err != nil {
			return err
		}
		var got []string
		for _, m := range r.List {
			got = append(got, string(m))
		}
		slices.Sort(got)
		if !slices.Equal(got, want.members(k)) {
			return fmt.Errorf("%s holds %q, wanted %q", k, got, want.members(k))
		}
	}
	for at := range ref.fields {
		r, err := s.Read(ctx, command.HGet{Key: []byte(at[0]), Field: []byte(at[1])})
		if err != nil {
			return err
		}
		if v, found := want.fields[at]; string(r.Value) != v || r.Found != found {
			return fmt.Errorf("%s is %q (found: %v), wanted %q (%v)", at, r.Value, r.Found, v, found)
		}
	}
	return nil
}

// inspect opens what a fault left and says what is wrong with it. All up to step acked must be
// there, and nothing after step issued.
func (ref *reference) inspect(fs vfs.FS, acked, issued int64) error {
	s, err := openShard(fs, 0xf0e5, time.Hour, nil)
	if err != nil {
		return err
	}
	err = ref.compare(s, acked, issued)
	if err == nil {
		err = writesOn(s)
	}
	if e := s.close(); err == nil {
		err = e
	}
	return err
}

func (ref *reference) compare(s *shard, acked, issued int64) error {
	heads, err := s.db.Heads(0)
	if err != nil {
		return err
	}
	starts, err := logStarts(s.db, heads)
	if err != nil {
		return err
	}
	at := ref.find(store.AppendHeads(nil, heads), starts)
	if at < acked || at > issued && !ref.same(at, issued) {
		return fmt.Errorf("it holds the state of step %d (-1: of none); %d acknowledged, %d begun; heads %+v, log %s", at, acked, issued, heads, starts)
	}
	var vector clock.VersionVector
	for _, h := range heads {
		vector.Advance(h.Origin, h.Seq)
	}
	d, err := s.Digest(context.Background())
	if err != nil {
		return err
	}
	if !d.Vector.Equal(vector) || d.Sum != ref.states[at].digest {
		return fmt.Errorf("step %d: the cells are not those of the heads: digest %x at %v, wanted %x at %v", at, d.Sum[:4], d.Vector, ref.states[at].digest[:4], vector)
	}
	if err := ref.log(s.db, heads); err != nil {
		return fmt.Errorf("step %d: %w", at, err)
	}
	return ref.reads(s, ref.states[at].visible)
}

// find returns the last step with such heads and such a log, or -1.
func (ref *reference) find(heads []byte, starts string) int64 {
	for i := len(ref.states) - 1; i >= 0; i-- {
		if ref.states[i].starts == starts && bytes.Equal(ref.states[i].heads, heads) {
			return int64(i)
		}
	}
	return -1
}

// same tells whether steps between i and j changed nothing.
func (ref *reference) same(i, j int64) bool {
	a, b := ref.states[i], ref.states[j]
	return a.starts == b.starts && bytes.Equal(a.heads, b.heads)
}

// log checks that the op log holds the frames of the script, byte for byte, from its start to
// the head of each origin, and no more.
func (ref *reference) log(db *store.DB, heads []store.Head) error {
	v := db.View()
	defer v.Close()
	for _, h := range heads {
		start, err := db.Log(0).Start(h.Origin)
		if err != nil {
			return err
		}
		at := start - 1
		for at < h.Seq {
			b, err := db.Log(0).Next(v, h.Origin, at)
			if err != nil || b == nil {
				return fmt.Errorf("record %d of %v is not in the log: %w", at+1, h.Origin, err)
			}
			if !slices.ContainsFunc(ref.frames[h.Origin], func(f []byte) bool { return bytes.Equal(f, b) }) {
				return fmt.Errorf("the frame with record %d of %v is not that of the script", at+1, h.Origin)
			}
			f, err := oplog.Decode(b)
			if err != nil {
				return err
			}
			at = f.Last()
		}
		if b, err := db.Log(0).Next(v, h.Origin, at); err != nil || b != nil || at != h.Seq {
			return fmt.Errorf("the log of %v goes on after its head %d: %d, %w", h.Origin, h.Seq, at, err)
		}
	}
	return nil
}

// writesOn checks that the next write has a fresh origin and a stamp above all before it, with
// a clock that is behind.
func writesOn(s *shard) error {
	before, _ := s.Durable()
	used := map[clock.Origin]bool{}
	for _, h := range before {
		used[h.Origin] = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if _, err := s.Execute(ctx, command.Set{Key: []byte("next"), Value: []byte("x")}); err != nil {
		return fmt.Errorf("the next write: %w", err)
	}
	own := s.Stats().Origin
	if err := s.reaches(ctx, own, 1); err != nil {
		return err
	}
	after, _ := s.Durable()
	i := slices.IndexFunc(after, func(h store.Head) bool { return h.Origin == own })
	if used[own] || after[i].Seq != 1 || after[i].Time <= keyspace.Floor(before) {
		return fmt.Errorf("the next write is record %d of %v (used: %v), stamp %v; the last was %v; origins before: %v",
			after[i].Seq, own, used[own], after[i].Time, keyspace.Floor(before), slices.Sorted(maps.Keys(used)))
	}
	return nil
}
