package keyspace_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// TestAChangeKnowsItsWriter: the one that alone has changed a key in a commit, and none where two have.
func TestAChangeKnowsItsWriter(t *testing.T) {
	r := newRegion(0x1000)
	r.NoteWriters()
	by := func(id int64, cmds ...keyspace.Command) { r.By(id, func() { r.do(t, cmds...) }) }
	by(0, set("before", "v"))
	by(1, set("one", "v"), sadd("both", "a"), hset("mine", "f", "v"))
	by(2, sadd("both", "b"), set("two", "v"))
	by(1, hset("mine", "g", "v"))
	r.do(t, set("two", "w"))
	got := map[string]int64{}
	for key, id := range r.Writers() {
		got[key] = id
	}
	if want := "map[before:0 both:0 mine:1 one:1 two:0]"; fmt.Sprint(got) != want {
		t.Errorf("written by %v, want %s", got, want)
	}
	r.commit()
	other := newRegion(0x2000)
	other.do(t, set("one", "w"))
	other.commit()
	if len(r.Writers()) > 0 {
		t.Error("the next commit has the writers of the last")
	}
	if err := r.take(t, other.frames[0]); err != nil {
		t.Fatal(err)
	}
	by(1, set("one", "x"))
	if got := r.Writers()["one"]; got != 0 {
		t.Errorf("with a merge in the same commit it is %d's", got)
	}
}

// TestWritersComeWithTheChange, through the shard, and only while they are asked for.
func TestWritersComeWithTheChange(t *testing.T) {
	s := start(t, vfs.NewMem(), "us")
	var told []int64
	s.Listen(func(c keyspace.Change) { told = append(told, c.Writer(b("k"))) })
	ctx := keyspace.WithWriter(t.Context(), 7)
	put := func() {
		if _, err := s.Execute(ctx, command.Set{Key: b("k"), Value: b("v")}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	s.NoteWriters(true)
	put()
	do(t, s, set("k", "v"))
	s.NoteWriters(false)
	put() // the batch was open already
	put()
	if want := []int64{0, 7, 0, 7, 0}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
