package keyspace_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// countingStore counts the iterators over its views.
type countingStore struct {
	keyspace.Store
	opened *atomic.Int64
}

func (s countingStore) View() store.View { return countingView{s.Store.View(), s.opened} }

type countingView struct {
	store.View
	opened *atomic.Int64
}

func (v countingView) Iterate(lo, hi []byte) (store.Iterator, error) {
	v.opened.Add(1)
	return v.View.Iterate(lo, hi)
}

// Writes to many slots of many namespaces cost a digest one iterator a namespace, and change it as they should.
func TestDigestsOfManyNamespaces(t *testing.T) {
	var opened atomic.Int64
	n := startOver(t, vfs.NewMem(), "us", func(db *store.DB) keyspace.Store { return countingStore{db, &opened} })
	const spaces = 500
	set := func(upTo int, value string) {
		var list []keyspace.Command
		for i := range upTo {
			list = append(list, keyspace.InNamespace(namespace.Name(fmt.Sprintf("n%d", i)), command.Set{Key: b(fmt.Sprint("k", i)), Value: b(value)}))
		}
		do(t, n, list...)
	}
	set(spaces, "a")
	if _, err := n.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	set(200, "b")
	opened.Store(0)
	got, err := n.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if k := opened.Load(); k > 2*spaces {
		t.Errorf("%d iterators for %d namespaces", k, spaces)
	}
	want, err := keyspace.ComputeDigest(n.db, 0, got.Vector, crdt.Knowledge{Seen: func(clock.Origin) crdt.Context { return crdt.Context{} }})
	if err != nil || got.Sum != want.Sum || got.Cells != spaces {
		t.Errorf("%d cells %x, from scratch %d cells %x, %v", got.Cells, got.Sum, want.Cells, want.Sum, err)
	}
}
