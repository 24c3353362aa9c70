package command_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func b(s string) []byte { return []byte(s) }

func list(names ...string) (out [][]byte) {
	for _, n := range names {
		out = append(out, b(n))
	}
	return out
}

func newShard(t *testing.T) *keyspace.Shard {
	t.Helper()
	db, err := store.Open(store.Options{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := keyspace.Open(keyspace.Config{CoreConfig: keyspace.CoreConfig{
		Region: "us", Node: "n1", NewOrigin: func() clock.Origin { return 7 },
	}}, db, clock.NewHLC(clock.NewSystem(), 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func run(t *testing.T, s *keyspace.Shard, c keyspace.Command) (keyspace.Reply, error) {
	t.Helper()
	if !c.Writes() {
		return s.Read(context.Background(), c)
	}
	r, err := s.Execute(context.Background(), c)
	if err != nil {
		return keyspace.Reply{}, err
	}
	return r[0], nil
}

func TestRepliesOfEveryCommand(t *testing.T) {
	s := newShard(t)
	none := keyspace.Reply{}
	for i, c := range []struct {
		cmd  keyspace.Command
		want keyspace.Reply
		err  error
	}{
		{Get{b("k")}, none, nil},
		{Exists{list("k", "k")}, none, nil},
		{Delete{list("k")}, none, nil},
		{ResetCounter{b("k")}, none, nil},
		{SRem{b("k"), list("x")}, none, nil},
		{SCard{b("k")}, none, nil},
		{SIsMember{b("k"), b("x")}, none, nil},
		{SMembers{Key: b("k")}, none, nil},
		{Siblings{b("k")}, none, nil},
		{Scan{}, none, nil},

		{Set{b("k"), b("word")}, none, nil},
		{Get{b("k")}, keyspace.Reply{Found: true, Value: b("word")}, nil},
		{Exists{list("k", "k", "other")}, keyspace.Reply{Int: 2}, nil},
		{Incr{b("k"), 1}, none, keyspace.ErrNotInteger},
		{ResetCounter{b("k")}, none, keyspace.ErrNotInteger},
		{SAdd{b("k"), list("x")}, none, keyspace.ErrWrongType},
		{SRem{b("k"), list("x")}, none, keyspace.ErrWrongType},
		{SCard{b("k")}, none, keyspace.ErrWrongType},
		{SIsMember{b("k"), b("x")}, none, keyspace.ErrWrongType},
		{SMembers{Key: b("k")}, none, keyspace.ErrWrongType},

		{Set{b("n"), b("")}, none, nil},
		{Incr{b("n"), 1}, none, keyspace.ErrNotInteger}, // as in Redis, the empty string is no number
		{Set{b("n"), b("9223372036854775806")}, none, nil},
		{Incr{b("n"), 1}, keyspace.Reply{Int: math.MaxInt64}, nil},
		{Incr{b("n"), 1}, none, keyspace.ErrOverflow},
		{Incr{b("n"), math.MinInt64}, keyspace.Reply{Int: -1}, nil},
		{Incr{b("n"), math.MinInt64}, none, keyspace.ErrOverflow},
		{ResetCounter{b("n")}, keyspace.Reply{Found: true, Int: -1}, nil},
		{Get{b("n")}, none, nil},

		{SAdd{b("s"), list("x", "", "x")}, keyspace.Reply{Int: 2}, nil},
		{SAdd{b("s"), list("x", "y")}, keyspace.Reply{Int: 1}, nil},
		{SAdd{b("s"), nil}, none, nil},
		{SCard{b("s")}, keyspace.Reply{Int: 3}, nil},
		{SIsMember{b("s"), b("")}, keyspace.Reply{Found: true}, nil},
		{SIsMember{b("s"), b("z")}, none, nil},
		{Get{b("s")}, none, keyspace.ErrWrongType},
		{Incr{b("s"), 1}, none, keyspace.ErrWrongType},
		{ResetCounter{b("s")}, none, keyspace.ErrWrongType},
		{SMembers{Key: b("s")}, keyspace.Reply{List: list("", "x", "y")}, nil},
		{SMembers{Key: b("s"), Limit: 1}, keyspace.Reply{List: list(""), Cursor: b("m")}, nil},
		{SMembers{Key: b("s"), Limit: 1, Cursor: b("m")}, keyspace.Reply{List: list("x"), Cursor: b("mx")}, nil},
		{SMembers{Key: b("s"), Limit: 1, Cursor: b("mx")}, keyspace.Reply{List: list("y")}, nil},
		{SMembers{Key: b("s"), Cursor: b("x")}, none, keyspace.ErrCursor},
		{SRem{b("s"), list("x", "z", "x")}, keyspace.Reply{Int: 1}, nil},
		{SRem{b("s"), list("", "y")}, keyspace.Reply{Int: 2}, nil},
		{Exists{list("s")}, none, nil},
		{Incr{b("s"), 3}, keyspace.Reply{Int: 3}, nil},
		{Set{b("s"), b("v")}, none, nil},
		{Delete{list("s", "k", "s", "nothing")}, keyspace.Reply{Int: 2}, nil},
		{Scan{}, none, nil},
	} {
		got, err := run(t, s, c.cmd)
		if !errors.Is(err, c.err) || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%d: %s %+v gives %+v (%v), want %+v (%v)", i, c.cmd.Name(), c.cmd, got, err, c.want, c.err)
		}
	}
}

func TestSiblingsOfOneWriter(t *testing.T) {
	s := newShard(t)
	for _, c := range []struct {
		cmd         keyspace.Command
		kind, value string
	}{
		{Set{b("k"), b("v")}, "string", "v"},
		{Set{b("k"), b("5")}, "string", "5"},
		{Delete{list("k")}, "", ""},
		{Incr{b("k"), 2}, "string", "2"},
		{Delete{list("k")}, "", ""},
		{SAdd{b("k"), list("x")}, "set", ""},
	} {
		if _, err := run(t, s, c.cmd); err != nil {
			t.Fatal(err)
		}
		r, err := run(t, s, Siblings{b("k")})
		if err != nil {
			t.Fatal(err)
		}
		if c.kind == "" {
			if len(r.Siblings) != 0 {
				t.Errorf("after %s: %+v", c.cmd.Name(), r.Siblings)
			}
			continue
		}
		if len(r.Siblings) != 1 || r.Siblings[0].Type != c.kind || string(r.Siblings[0].Value) != c.value ||
			!r.Siblings[0].Shown || r.Siblings[0].Region != "us" || r.Siblings[0].Node != "n1" {
			t.Errorf("after %s: %+v", c.cmd.Name(), r.Siblings)
		}
	}
}

func TestPagesOfASetThatChangesMeanwhile(t *testing.T) {
	s := newShard(t)
	var stays []string
	for i := range 60 {
		stays = append(stays, fmt.Sprintf("m%02d", i))
	}
	if _, err := run(t, s, SAdd{b("s"), list(stays...)}); err != nil {
		t.Fatal(err)
	}
	var seen []string
	var cursor []byte
	for page := 0; ; page++ {
		r, err := run(t, s, SMembers{Key: b("s"), Limit: 7, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.List {
			seen = append(seen, string(m))
		}
		if cursor = r.Cursor; len(cursor) == 0 {
			break
		}
		last := string(r.List[len(r.List)-1])
		for _, cmd := range []keyspace.Command{
			SAdd{b("s"), list(last+"-new", "a-new")}, SRem{b("s"), list("a-new")}, SRem{b("s"), list(last)}, // the cursor's own member goes
		} {
			if _, err := run(t, s, cmd); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, m := range stays {
		if n := len(slices.DeleteFunc(slices.Clone(seen), func(x string) bool { return x != m })); n != 1 {
			t.Errorf("%s was listed %d times", m, n)
		}
	}
	if !slices.IsSorted(seen) {
		t.Error("pages are out of order")
	}
}

func TestAPageOfLargeMembersIsShort(t *testing.T) {
	s := newShard(t)
	for i := range 3 {
		if _, err := run(t, s, SAdd{b("s"), [][]byte{append(make([]byte, 5<<20), byte(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := run(t, s, SMembers{Key: b("s")}); err != nil || len(r.List) != 1 || len(r.Cursor) == 0 {
		t.Fatalf("%d members, cursor of %d bytes: %v", len(r.List), len(r.Cursor), err)
	}
}

func TestTheTableHasEveryCommandUnderItsName(t *testing.T) {
	for name, c := range All() {
		if c.Name() != name {
			t.Errorf("%s is listed as %s", c.Name(), name)
		}
		if keys := c.Keys(); name == "SCAN" && keys != nil {
			t.Error("SCAN names keys")
		}
	}
	for _, c := range []keyspace.Command{
		Get{b("k")}, Set{Key: b("k")}, Delete{list("k")}, Exists{list("k")}, Incr{Key: b("k")}, ResetCounter{b("k")},
		SAdd{Key: b("k")}, SRem{Key: b("k")}, SMembers{Key: b("k")}, SIsMember{Key: b("k")}, SCard{b("k")}, Siblings{b("k")},
	} {
		if keys := c.Keys(); len(keys) != 1 || string(keys[0]) != "k" {
			t.Errorf("%s has keys %q", c.Name(), keys)
		}
	}
}

func TestScanInATransactionIsRefused(t *testing.T) {
	s := newShard(t)
	if _, err := s.Execute(context.Background(), Set{b("k"), b("v")}, Scan{}); !errors.Is(err, keyspace.ErrReadOnly) {
		t.Fatal(err)
	}
	if r, err := run(t, s, Scan{Limit: 1 << 30, Prefix: b("zz")}); err != nil || len(r.List) != 0 {
		t.Fatal(r, err)
	}
}
