package command_test

import (
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// What was added as a whole number may have been added to one that is none.
func TestAWholeNumberIsIssuedAgainToWhatIsNoInteger(t *testing.T) {
	s := newShard(t)
	inc := &crdt.Increment{Base: 1, Total: crdt.TotalOf(3), Delta: crdt.TotalOf(3)}
	for _, c := range []keyspace.Command{Set{Key: b("n"), Value: b("2.5")}, HSet{Key: b("h"), Fields: []FieldValue{{b("f"), b("2.5")}}}} {
		if _, err := run(t, s, c); err != nil {
			t.Fatal(err)
		}
	}
	u := crdt.Update{Changes: []crdt.Change{
		{Key: namespace.Default.Key(b("n")), Increment: inc},
		{Key: namespace.Default.Key(b("h")), Fields: []crdt.FieldChange{{Name: b("f"), Edit: crdt.Edit{Increment: inc}}}},
	}}
	for _, c := range Reissue(&u) {
		if r, err := run(t, s, c); err != nil || string(r.Value) != "5.5" {
			t.Errorf("%s: %s, %v", c.Name(), r.Value, err)
		}
	}
}
