package command_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// fill writes one key of every type.
func fill(t *testing.T, s *keyspace.Shard) {
	t.Helper()
	for _, c := range []keyspace.Command{
		Set{Key: b("text"), Value: b("word")}, Set{Key: b("n"), Value: b("40")}, Incr{b("n"), 2}, SAdd{b("set"), list("x", "", "y")},
		HSet{b("hash"), fields("f", "v", "n", "5")}, HIncr{b("hash"), b("n"), 2},
		ZAdd{Key: b("scores"), Members: scored("a=1.5 b=0")}, ZIncr{b("scores"), b("b"), 0.5}, SAdd{b("set 2"), list("gone")}, HSet{b("hash 2"), fields("gone", "v")},
	} {
		if _, err := run(t, s, c); err != nil {
			t.Fatal(err)
		}
	}
}

// contents reads a key in whatever type it shows.
func contents(t *testing.T, s *keyspace.Shard, key string) string {
	t.Helper()
	for _, c := range []keyspace.Command{Get{b(key)}, SMembers{Key: b(key)}, HGetAll{Key: b(key)}, ZScan{Key: b(key)}} {
		r, err := run(t, s, c)
		if errors.Is(err, keyspace.ErrWrongType) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%v %q %q", r.Found, r.Value, r.List)
		if r.Scores != nil {
			text += fmt.Sprint(r.Scores)
		}
		return text
	}
	t.Fatalf("nothing reads %s", key)
	return ""
}

var everyType = []string{"text", "n", "set", "hash", "scores"}

func TestRenameMovesEveryType(t *testing.T) {
	for _, from := range everyType {
		for _, over := range append(slices.Clone(everyType), "set 2", "hash 2", "none") {
			if over == from {
				continue
			}
			s := newShard(t)
			fill(t, s)
			want, nothing := contents(t, s, from), contents(t, s, "nothing")
			for _, c := range []struct {
				nx   bool
				want bool
			}{{true, over == "none"}, {false, true}} {
				if c.nx && c.want {
					continue
				}
				r, err := run(t, s, Rename{From: b(from), To: b(over), NX: c.nx})
				if err != nil || r.Found != c.want {
					t.Errorf("%s to %s, NX %v: %v, %v", from, over, c.nx, r, err)
				}
			}
			if got := contents(t, s, over); got != want {
				t.Errorf("%s became %s, was %s", from, got, want)
			}
			if got := contents(t, s, from); got != nothing {
				t.Errorf("%s is still %s", from, got)
			}
		}
	}
}

func TestRenameEdges(t *testing.T) {
	s := newShard(t)
	fill(t, s)
	for _, c := range []struct {
		cmd  Rename
		done bool
		err  error
	}{
		{Rename{b("none"), b("text"), false}, false, ErrNoKey},
		{Rename{b("none"), b("none"), true}, false, ErrNoKey},
		{Rename{b("text"), b("text"), false}, true, nil},
		{Rename{b("text"), b("text"), true}, false, nil},
		{Rename{b("text"), b("other"), true}, true, nil},
		{Rename{b("other"), b("text"), false}, true, nil},
	} {
		r, err := run(t, s, c.cmd)
		if r.Found != c.done || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", c.cmd.From, r, err)
		}
	}
	if got := contents(t, s, "text"); got != `true "word" []` {
		t.Errorf("text is %s", got)
	}
	r, err := s.Execute(context.Background(), Rename{From: b("n"), To: b("m")}, Incr{b("m"), 1}, Incr{b("n"), 1})
	if err != nil || r[1].Int != 43 || r[2].Int != 1 {
		t.Errorf("counting on after a rename: %v, %v", r, err)
	}
}

func TestCopyKeepsTheSource(t *testing.T) {
	for _, from := range everyType {
		s := newShard(t)
		fill(t, s)
		want := contents(t, s, from)
		for _, c := range []struct {
			cmd  Copy
			done bool
		}{
			{Copy{From: b(from), To: b("fresh"), Replace: false}, true}, {Copy{From: b(from), To: b("fresh"), Replace: false}, false}, {Copy{From: b("none"), To: b("fresh"), Replace: true}, false},
			{Copy{From: b(from), To: b("fresh"), Replace: true}, true}, {Copy{From: b(from), To: b(from), Replace: true}, true},
		} {
			if r, err := run(t, s, c.cmd); err != nil || r.Found != c.done {
				t.Errorf("%s to %s: %v, %v", c.cmd.From, c.cmd.To, r, err)
			}
		}
		for _, key := range []string{from, "fresh"} {
			if got := contents(t, s, key); got != want {
				t.Errorf("%s of %s: %s, want %s", key, from, got, want)
			}
		}
	}
}

// TestACopyIsBounded looks that a refused copy changes nothing, beside others in a transaction.
func TestACopyIsBounded(t *testing.T) {
	s := newShard(t)
	big := strings.Repeat("v", 4<<20)
	for i := range 4 {
		if _, err := run(t, s, HSet{b("hash"), fields(fmt.Sprint(i), big)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run(t, s, Set{Key: b("to"), Value: b("kept")}); err != nil {
		t.Fatal(err)
	}
	r, err := run(t, s, Multi{Commands: []keyspace.Command{Rename{From: b("hash"), To: b("to")}, Copy{From: b("hash"), To: b("to"), Replace: true}, Rename{From: b("none"), To: b("to")}, Incr{b("n"), 1}}})
	if err != nil {
		t.Fatal(err)
	}
	var large *keyspace.TooLargeError
	if !errors.As(r.Replies[0].Err, &large) || !errors.As(r.Replies[1].Err, &large) || !errors.Is(r.Replies[2].Err, ErrNoKey) || r.Replies[3].Int != 1 {
		t.Errorf("%v", r.Replies)
	}
	if got := contents(t, s, "to"); got != `true "kept" []` {
		t.Errorf("the destination is %s", got)
	}
	if n, err := run(t, s, HLen{b("hash")}); err != nil || n.Int != 4 {
		t.Errorf("the source has %v, %v", n, err)
	}
}

func TestKeysOfCopies(t *testing.T) {
	for _, c := range []keyspace.Command{Rename{From: b("a"), To: b("b")}, Copy{From: b("a"), To: b("b")}} {
		if !c.Writes() || !reflect.DeepEqual(c.Keys(), list("a", "b")) {
			t.Errorf("%s: %q", c.Name(), c.Keys())
		}
	}
}
