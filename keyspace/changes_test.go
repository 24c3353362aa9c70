package keyspace_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// TestAChangeIsToldWhenItShows: whoever is told of a key and reads it sees the change, and the writer is not
// answered before.
func TestAChangeIsToldWhenItShows(t *testing.T) {
	s := start(t, vfs.NewMem(), "us")
	var told, shown []string
	s.Listen(func(c keyspace.Change) {
		for key := range c.Keys() {
			r, err := s.Read(t.Context(), command.Get{Key: key})
			if err != nil {
				t.Error(err)
			}
			told, shown = append(told, string(key)), append(shown, string(r.Value))
		}
	})
	for _, value := range []string{"1", "2", "3"} {
		if _, err := s.Execute(t.Context(), command.Set{Key: []byte("k\x00\xff"), Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		if len(told) == 0 || told[len(told)-1] != "k\x00\xff" || shown[len(shown)-1] != value {
			t.Fatalf("%s was answered; told of %q, which showed %q", value, told, shown)
		}
	}
}

// TestDamageIsToldAsAChangeOfAllKeys: what is quarantined is shown no more.
func TestDamageIsToldAsAChangeOfAllKeys(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	all := false
	n.Listen(func(c keyspace.Change) { all = all || c.All })
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if all {
		t.Fatal("a write is told as a change of all keys")
	}
	x := keyspace.Quarantined{Place: "a file", Cause: "a test"}
	x.Lo, x.Hi = keyspace.WholeKeys(nil, nil)
	if _, err := n.Quarantine(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if !all {
		t.Error("damage is not told")
	}
}
