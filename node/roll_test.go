package node

import (
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership/registry"
)

// Of a member that is being removed nothing is wanted, but for what this node has a part of.
func TestWhatIsWantedOfAMemberThatIsBeingRemoved(t *testing.T) {
	r, err := openRoll(&metaMap{}, "us/n1", "us:1", []registry.Member{{Name: "eu/n1", Address: "eu:1"}, {Name: "ap/n1", Address: "ap:1"}})
	if err != nil {
		t.Fatal(err)
	}
	r.owner = func(o clock.Origin) (region, node string) { return map[clock.Origin]string{1: "eu", 2: "ap"}[o], "n1" }
	r.ahead = func(o clock.Origin) clock.Seq { return map[clock.Origin]clock.Seq{1: 7, 2: 8}[o] }
	book := r.book.Clone()
	if err := book.Leave("eu/n1", "us/n1", book.After(0, "eu/n1")); err != nil {
		t.Fatal(err)
	}
	if err := book.Freeze("eu/n1", "us/n1", book.After(0, "eu/n1")); err != nil {
		t.Fatal(err)
	}
	r.book = book
	if end, bounded := r.limit(0, 1); end != 7 || !bounded {
		t.Errorf("of eu up to %d, bounded %v", end, bounded)
	}
	if _, bounded := r.limit(0, 2); bounded {
		t.Error("of ap not all")
	}
}
