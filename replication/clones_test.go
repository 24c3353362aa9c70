package replication

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTwoLiveRunsOfOneNameAreTold(t *testing.T) {
	a := Identity{Node: "eu/n1", Address: "a:1", Run: 1}
	b := Identity{Node: "eu/n1", Address: "b:1", Run: 2}
	c := newClones()
	now := time.Duration(0)
	hello := func(id Identity) *Clone { now += 100 * time.Millisecond; return c.hello(now, id) }
	for i, id := range []Identity{a, a, a, b, a, b} {
		if v := hello(id); v != nil {
			t.Fatalf("hello %d: %v", i, v)
		}
	}
	v := hello(a)
	if v == nil || !slices.Equal(v.Addresses, []string{"a:1", "b:1"}) {
		t.Fatalf("got %v", v)
	}
	if hello(b) == nil || len(c.all(now)) != 1 {
		t.Error("the other is not told")
	}
	now += CloneQuiet / 2
	if hello(a) == nil {
		t.Error("forgotten while both may live")
	}
	now += CloneQuiet / 2
	if v := hello(a); v != nil {
		t.Errorf("the other is silent for long, and still: %v", v)
	}
	if all := c.all(now); len(all) != 0 {
		t.Errorf("all: %v", all)
	}
}

// TestRestartsAreNoClones: whatever the order of restarts and reconnects, and though one
// last hello of each dead run may come late, one process at a time is never two.
func TestRestartsAreNoClones(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClones()
		now, run := time.Duration(0), uint64(1)
		late := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "hellos") {
			now += time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond
			id := Identity{Node: "eu/n1", Run: run}
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				late = run
				run++
				id.Run = run
			case 1:
				if late != 0 {
					id.Run, late = late, 0
				}
			}
			if v := c.hello(now, id); v != nil {
				t.Fatalf("at %v, run %d: %v", now, id.Run, v)
			}
		}
	})
}

func TestWhatClonesRememberIsBounded(t *testing.T) {
	c := newClones()
	for i := range 3 * cloneNodesMax {
		for run := range uint64(3 * cloneRunsMax) {
			c.hello(0, Identity{Node: string(rune(i + 1)), Run: run + 1})
		}
	}
	if len(c.nodes) > cloneNodesMax {
		t.Errorf("%d nodes", len(c.nodes))
	}
	for _, n := range c.nodes {
		if len(n.runs) > cloneRunsMax {
			t.Errorf("%d runs", len(n.runs))
		}
	}
	c.all(2 * CloneQuiet)
	if len(c.nodes) != 0 {
		t.Errorf("%d nodes after all are silent", len(c.nodes))
	}
	if c.hello(0, Identity{Node: "old version"}) != nil || len(c.nodes) != 0 {
		t.Error("a peer without a run counts")
	}
}
