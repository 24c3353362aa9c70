package keyspace

import (
	"testing"
)

// TestNothingIsKeptOfClosedWatches closes in every state.
func TestNothingIsKeptOfClosedWatches(t *testing.T) {
	var s watches
	var a, b, late Watch
	s.add(&a, "k", watched{})
	s.add(&a, "l", watched{})
	s.add(&b, "k", watched{})
	a.Close()
	a.Close()
	if len(s.byKey) != 1 || !s.some.Load() {
		t.Errorf("%v", s.byKey)
	}
	s.note([]byte("k"))
	if !b.changed.Load() || a.changed.Load() || len(s.byKey) != 0 || s.some.Load() {
		t.Errorf("%v", s.byKey)
	}
	b.Close()
	late.Close()
	s.add(&late, "k", watched{})
	if len(s.byKey) != 0 {
		t.Error("a closed watch watches")
	}
}
