package rel

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// The rows of docs/consistency.md about commands that read, write and delete in one update.

// text describes a key in whatever type it shows.
func (r *replica) text(key string) string {
	r.t.Helper()
	k := []byte(key)
	for _, c := range []keyspace.Command{command.Get{Key: k}, command.SMembers{Key: k}, command.HGetAll{Key: k}} {
		if got, err := r.shard.Read(context.Background(), c); err == nil && (got.Found || len(got.List) > 0) {
			return fmt.Sprintf("%s%s", got.Value, got.List)
		}
	}
	return "none"
}

// expect compares what all replicas show at some keys.
func expect(t *testing.T, rs []*replica, pairs ...string) {
	t.Helper()
	for i, r := range rs {
		for j := 0; j < len(pairs); j += 2 {
			if got := r.text(pairs[j]); got != pairs[j+1] {
				t.Errorf("replica %d: %s is %s, want %s", i, pairs[j], got, pairs[j+1])
			}
		}
	}
}

func rename(from, to string) keyspace.Command {
	return command.Rename{From: []byte(from), To: []byte(to)}
}

func TestRenameAgainstAWriteOfTheOldName(t *testing.T) {
	r := fresh(t, 3)
	r[0].set("text", "seen")
	r[0].do(command.Set{Key: []byte("n"), Value: []byte("10")}, command.Incr{Key: []byte("n"), Delta: 5})
	r[0].add("set", "seen")
	hset := func(key, field, value string) keyspace.Command {
		return command.HSet{Key: []byte(key), Fields: []command.FieldValue{{Field: []byte(field), Value: []byte(value)}}}
	}
	r[0].do(hset("hash", "f", "seen"))
	settle(t, r...)
	for _, name := range []string{"text", "n", "set", "hash"} {
		r[0].do(rename(name, "new "+name))
	}
	r[1].set("text", "unseen")
	r[1].incr("n")
	r[1].add("set", "unseen")
	r[1].do(hset("hash", "g", "unseen"))
	settle(t, r...)
	expect(t, r, "new text", "seen[]", "text", "unseen[]", "new n", "15[]", "n", "1[]", "new set", "[seen]", "set", "[unseen]",
		"new hash", "[f seen]", "hash", "[g unseen]")
}

// TestWatchSeesWhatHasArrived changes a watched key in another region: unnoticed until it arrives.
func TestWatchSeesWhatHasArrived(t *testing.T) {
	r := fresh(t, 2)
	r[0].set("k", "v")
	settle(t, r...)
	inOrder := func(c keyspace.Command) error {
		wait, err := r[0].shard.Begin(context.Background(), c)
		if err == nil {
			_, err = wait()
		}
		return err
	}
	var w keyspace.Watch
	defer w.Close()
	if err := inOrder(command.Watch{List: [][]byte{[]byte("k")}, As: &w}); err != nil {
		t.Fatal(err)
	}
	r[1].set("k", "theirs")
	incr := []keyspace.Command{command.Incr{Key: []byte("n"), Delta: 1}}
	if err := inOrder(command.Multi{Commands: incr, If: &w}); err != nil {
		t.Errorf("before it arrives: %v", err)
	}
	settle(t, r...)
	if err := inOrder(command.Multi{Commands: incr, If: &w}); !errors.Is(err, command.ErrChanged) {
		t.Errorf("after it has arrived: %v", err)
	}
	expect(t, r[:1], "k", "theirs[]", "n", "1[]")
}

func TestRenameAgainstAnotherRename(t *testing.T) {
	r := fresh(t, 2)
	r[0].add("a", "m")
	settle(t, r...)
	r[0].do(rename("a", "b"))
	r[1].do(rename("a", "c"))
	settle(t, r...)
	expect(t, r, "a", "none", "b", "[m]", "c", "[m]")
}

func TestCopyAgainstAWriteOfTheDestination(t *testing.T) {
	r := fresh(t, 2)
	r[0].set("n", "7")
	r[0].set("to n", "1")
	r[0].add("s", "copied")
	r[0].add("to s", "gone")
	settle(t, r...)
	for _, name := range []string{"n", "s"} {
		r[0].do(command.Copy{From: []byte(name), To: []byte("to " + name), Replace: true})
	}
	r[1].incr("to n")
	r[1].add("to s", "unseen")
	settle(t, r...)
	expect(t, r, "n", "7[]", "to n", "8[]", "s", "[copied]", "to s", "[copied unseen]")
}
