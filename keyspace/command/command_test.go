package command_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
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

func fields(pairs ...string) (out []FieldValue) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, FieldValue{b(pairs[i]), b(pairs[i+1])})
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
		{HGet{b("k"), b("f")}, none, nil},
		{HMGet{b("k"), list("f")}, keyspace.Reply{List: [][]byte{nil}}, nil},
		{HGetAll{Key: b("k")}, none, nil},
		{HLen{b("k")}, none, nil},
		{HExists{b("k"), b("f")}, none, nil},
		{HStrLen{b("k"), b("f")}, none, nil},
		{HDel{b("k"), list("f")}, none, nil},
		{Siblings{b("k")}, none, nil},
		{Scan{}, none, nil},

		{Set{Key: b("k"), Value: b("word")}, none, nil},
		{Get{b("k")}, keyspace.Reply{Found: true, Value: b("word")}, nil},
		{Exists{list("k", "k", "other")}, keyspace.Reply{Int: 2}, nil},
		{Incr{b("k"), 1}, none, keyspace.ErrNotInteger},
		{ResetCounter{b("k")}, none, keyspace.ErrNotInteger},
		{SAdd{b("k"), list("x")}, none, keyspace.ErrWrongType},
		{SRem{b("k"), list("x")}, none, keyspace.ErrWrongType},
		{SCard{b("k")}, none, keyspace.ErrWrongType},
		{SIsMember{b("k"), b("x")}, none, keyspace.ErrWrongType},
		{SMembers{Key: b("k")}, none, keyspace.ErrWrongType},
		{HSet{b("k"), fields("f", "v")}, none, keyspace.ErrWrongType},
		{HSetNX{b("k"), b("f"), b("v")}, none, keyspace.ErrWrongType},
		{HGet{b("k"), b("f")}, none, keyspace.ErrWrongType},
		{HMGet{b("k"), list("f")}, keyspace.Reply{}, keyspace.ErrWrongType},
		{HGetAll{Key: b("k")}, none, keyspace.ErrWrongType},
		{HKeys{Key: b("k")}, none, keyspace.ErrWrongType},
		{HVals{Key: b("k")}, none, keyspace.ErrWrongType},
		{HLen{b("k")}, none, keyspace.ErrWrongType},
		{HExists{b("k"), b("f")}, none, keyspace.ErrWrongType},
		{HStrLen{b("k"), b("f")}, none, keyspace.ErrWrongType},
		{HDel{b("k"), list("f")}, none, keyspace.ErrWrongType},
		{HIncr{b("k"), b("f"), 1}, none, keyspace.ErrWrongType},

		{Set{Key: b("n"), Value: b("")}, none, nil},
		{Incr{b("n"), 1}, none, keyspace.ErrNotInteger}, // as in Redis, the empty string is no number
		{Set{Key: b("n"), Value: b("9223372036854775806")}, none, nil},
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

		{HSet{b("h"), fields("f", "1", "", "", "f", "2")}, keyspace.Reply{Int: 2}, nil},
		{HSet{b("h"), fields("f", "3", "g", "word")}, keyspace.Reply{Int: 1}, nil},
		{HSet{b("h"), nil}, none, nil},
		{HGet{b("h"), b("f")}, keyspace.Reply{Found: true, Value: b("3")}, nil},
		{HGet{b("h"), b("")}, keyspace.Reply{Found: true, Value: b("")}, nil},
		{HGet{b("h"), b("z")}, none, nil},
		{HMGet{b("h"), list("g", "z", "", "g")}, keyspace.Reply{List: [][]byte{b("word"), nil, {}, b("word")}}, nil},
		{HLen{b("h")}, keyspace.Reply{Int: 3}, nil},
		{HExists{b("h"), b("")}, keyspace.Reply{Found: true}, nil},
		{HExists{b("h"), b("z")}, none, nil},
		{HStrLen{b("h"), b("g")}, keyspace.Reply{Int: 4}, nil},
		{HStrLen{b("h"), b("z")}, none, nil},
		{HSetNX{b("h"), b("f"), b("9")}, keyspace.Reply{Found: true}, nil},
		{HSetNX{b("h"), b("n"), b("9223372036854775806")}, none, nil},
		{HIncr{b("h"), b("g"), 1}, none, keyspace.ErrNotInteger},
		{HIncr{b("h"), b("n"), 1}, keyspace.Reply{Int: math.MaxInt64}, nil},
		{HIncr{b("h"), b("n"), 1}, none, keyspace.ErrOverflow},
		{HIncr{b("h"), b("n"), math.MinInt64}, keyspace.Reply{Int: -1}, nil},
		{HIncr{b("h"), b("m"), 4}, keyspace.Reply{Int: 4}, nil},
		{HGetAll{Key: b("h")}, keyspace.Reply{List: list("", "", "f", "3", "g", "word", "m", "4", "n", "-1")}, nil},
		{HGetAll{Key: b("h"), Limit: 2}, keyspace.Reply{List: list("", "", "f", "3"), Cursor: b("mf")}, nil},
		{HKeys{Key: b("h"), Limit: 4, Cursor: b("mf")}, keyspace.Reply{List: list("g", "m", "n")}, nil},
		{HVals{Key: b("h"), Limit: 1, Cursor: b("mm")}, keyspace.Reply{List: list("-1")}, nil},
		{HVals{Key: b("h"), Cursor: b("x")}, none, keyspace.ErrCursor},
		{Get{b("h")}, none, keyspace.ErrWrongType},
		{Incr{b("h"), 1}, none, keyspace.ErrWrongType},
		{SAdd{b("h"), list("x")}, none, keyspace.ErrWrongType},
		{HDel{b("h"), list("f", "z", "f", "m")}, keyspace.Reply{Int: 2}, nil},
		{HLen{b("h")}, keyspace.Reply{Int: 3}, nil},
		{HDel{b("h"), list("", "g", "n")}, keyspace.Reply{Int: 3}, nil},
		{Exists{list("h")}, none, nil},
		{SAdd{b("h"), list("x")}, keyspace.Reply{Int: 1}, nil},
		{Delete{list("h")}, keyspace.Reply{Int: 1}, nil},
		{Exists{list("s")}, none, nil},
		{Incr{b("s"), 3}, keyspace.Reply{Int: 3}, nil},
		{Set{Key: b("s"), Value: b("v")}, none, nil},
		{Delete{list("s", "k", "s", "nothing")}, keyspace.Reply{Int: 2}, nil},
		{Scan{}, none, nil},

		{SetIf{Key: b("k"), Value: b("1"), Present: true}, none, nil},
		{SetIf{Key: b("k"), Value: b("1"), Absent: true, Old: true}, keyspace.Reply{Int: 1}, nil},
		{SetIf{Key: b("k"), Value: b("2"), Absent: true, Old: true}, keyspace.Reply{Found: true, Value: b("1")}, nil},
		{SetIf{Key: b("k"), Value: b(""), Present: true}, keyspace.Reply{Int: 1}, nil},
		{SetIf{Key: b("k"), Value: b("10"), Old: true}, keyspace.Reply{Found: true, Int: 1}, nil},
		{Incr{b("k"), 1}, keyspace.Reply{Int: 11}, nil},
		{Append{b("k"), b("2"), 3}, keyspace.Reply{Int: 3}, nil}, // of what is shown, increments too
		{Incr{b("k"), 1}, keyspace.Reply{Int: 113}, nil},
		{Append{b("k"), b("x"), 4}, keyspace.Reply{Int: 4}, nil},
		{Get{b("k")}, keyspace.Reply{Found: true, Value: b("113x")}, nil},
		{SetRange{b("k"), 1, b("ab"), 4}, keyspace.Reply{Int: 4}, nil},
		{SetRange{b("k"), 6, b("z"), 7}, keyspace.Reply{Int: 7}, nil},
		{SetRange{b("k"), 9, nil, 7}, keyspace.Reply{Int: 7}, nil},
		{SetRange{b("none"), 9, nil, 7}, none, nil},
		{Exists{list("none")}, none, nil},
		{MGet{list("k", "none", "k")}, keyspace.Reply{List: [][]byte{b("1abx\x00\x00z"), nil, b("1abx\x00\x00z")}}, nil},
		{Append{b("new"), nil, 7}, none, nil},
		{Exists{list("new")}, keyspace.Reply{Int: 1}, nil},
		{GetDel{b("k")}, keyspace.Reply{Found: true, Value: b("1abx\x00\x00z")}, nil},
		{GetDel{b("k")}, none, nil},
		{MSet{List: list("a", "b", "a"), Values: list("1", "2", "3")}, keyspace.Reply{Int: 1}, nil},
		{MSet{List: list("c", "b"), Values: list("1", "9"), Absent: true}, none, nil},
		{MSet{List: list("c", "d"), Values: list("1", ""), Absent: true}, keyspace.Reply{Int: 1}, nil},
		{MGet{list("a", "b", "c", "d")}, keyspace.Reply{List: list("3", "2", "1", "")}, nil},
		{SAdd{b("s"), list("x", "")}, keyspace.Reply{Int: 2}, nil},
		{SMIsMember{b("s"), list("", "y", "x")}, keyspace.Reply{List: [][]byte{{}, nil, b("x")}}, nil},
		{SMIsMember{b("none"), list("y")}, keyspace.Reply{List: [][]byte{nil}}, nil},
		{Types{list("s", "a", "none")}, keyspace.Reply{List: list("set", "string", "none")}, nil},
		{SMIsMember{b("a"), list("y")}, none, keyspace.ErrWrongType},
		{GetDel{b("s")}, none, keyspace.ErrWrongType},
		{Append{b("s"), b("x"), 9}, none, keyspace.ErrWrongType},
		{SetRange{b("s"), 0, b("x"), 9}, none, keyspace.ErrWrongType},
		{SetIf{Key: b("s"), Value: b("x"), Old: true}, none, keyspace.ErrWrongType},
		{SetIf{Key: b("s"), Value: b("x"), Absent: true}, none, nil},
		{MGet{list("s")}, keyspace.Reply{List: [][]byte{nil}}, nil},
		{SetIf{Key: b("s"), Value: b("x"), Present: true}, keyspace.Reply{Int: 1}, nil},
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
		{Set{Key: b("k"), Value: b("v")}, "string", "v"},
		{Set{Key: b("k"), Value: b("5")}, "string", "5"},
		{Delete{list("k")}, "", ""},
		{Incr{b("k"), 2}, "string", "2"},
		{Delete{list("k")}, "", ""},
		{SAdd{b("k"), list("x")}, "set", ""},
		{Delete{list("k")}, "", ""},
		{HIncr{b("k"), b("f"), 1}, "hash", ""},
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

func TestAPageOfLargeFieldsIsShort(t *testing.T) {
	s := newShard(t)
	for i := range 3 {
		if _, err := run(t, s, HSet{b("h"), []FieldValue{{b(fmt.Sprint(i)), make([]byte, 5<<20)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := run(t, s, HGetAll{Key: b("h")}); err != nil || len(r.List) != 2 || string(r.Cursor) != "m0" {
		t.Fatalf("%d names and values, cursor %q: %v", len(r.List), r.Cursor, err)
	}
	var large *keyspace.TooLargeError
	if _, err := run(t, s, HMGet{b("h"), list("0", "1")}); !errors.As(err, &large) {
		t.Fatalf("two values of 5 MB in one reply: %v", err)
	}
}

// What was kept aside is done again as a client would do it.
func TestReissueOfFields(t *testing.T) {
	inc := &crdt.Increment{Base: 1, Total: crdt.TotalOf(9), Delta: crdt.TotalOf(2)}
	u := crdt.Update{Changes: []crdt.Change{
		{Key: b("h"), Fields: []crdt.FieldChange{
			{Name: b("a"), Edit: crdt.Edit{Clear: true, Assign: true, Value: b("1"), Increment: inc}},
			{Name: b("b"), Edit: crdt.Edit{Clear: true}},
			{Name: b("c"), Edit: crdt.Edit{Increment: inc}},
			{Name: b("d"), Edit: crdt.Edit{Clear: true, Assign: true, Value: b("1"), Expiry: &crdt.Expiry{At: 5000}}},
			{Name: b("e"), Edit: crdt.Edit{Expiry: &crdt.Expiry{At: 6000, Rest: true}}},
			{Name: b("f"), Edit: crdt.Edit{Expiry: &crdt.Expiry{At: crdt.Never}}},
			{Name: b("g"), Edit: crdt.Edit{Assign: true, Value: b("1"), Expiry: &crdt.Expiry{At: crdt.Never}}},
		}},
		{Key: b("i"), Clear: true, Fields: []crdt.FieldChange{{Name: b("n"), Edit: crdt.Edit{Clear: true}}}},
	}}
	want := []keyspace.Command{
		HSet{b("h"), fields("a", "1")}, HIncrFloat{b("h"), b("a"), crdt.TotalOf(2)}, HDel{b("h"), list("b")}, HIncrFloat{b("h"), b("c"), crdt.TotalOf(2)},
		HSet{b("h"), fields("d", "1")}, HExpire{Key: b("h"), Fields: list("d"), Life: Lifetime{As: EndsAt, Millis: 5000}},
		HExpire{Key: b("h"), Fields: list("e"), Life: Lifetime{As: EndsAt, Millis: 6000}}, HPersist{b("h"), list("f")}, HSet{b("h"), fields("g", "1")},
		Delete{list("i")},
	}
	if got := Reissue(&u); !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, want %+v", got, want)
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
		HSet{Key: b("k")}, HSetNX{Key: b("k")}, HGet{Key: b("k")}, HMGet{Key: b("k")}, HGetAll{Key: b("k")}, HKeys{Key: b("k")}, HVals{Key: b("k")},
		HLen{b("k")}, HExists{Key: b("k")}, HStrLen{Key: b("k")}, HDel{Key: b("k")}, HIncr{Key: b("k")},
		HExpire{Key: b("k")}, HTTL{Key: b("k")}, HPersist{Key: b("k")}, HGetEx{Key: b("k")}, HSetEx{Key: b("k")}, HGetDel{Key: b("k")}, HReap{Key: b("k")},
		SetIf{Key: b("k")}, GetDel{b("k")}, Append{Key: b("k")}, SetRange{Key: b("k")}, MGet{list("k")}, MSet{List: list("k")},
		Expire{Key: b("k")}, Persist{b("k")}, TTL{Key: b("k")}, GetEx{Key: b("k")}, Reap{b("k")},
		SMIsMember{Key: b("k")}, Types{list("k")}, Multi{Commands: []keyspace.Command{Get{b("k")}}},
	} {
		if keys := c.Keys(); len(keys) != 1 || string(keys[0]) != "k" {
			t.Errorf("%s has keys %q", c.Name(), keys)
		}
	}
}

func TestScanInATransactionIsRefused(t *testing.T) {
	s := newShard(t)
	if _, err := s.Execute(context.Background(), Set{Key: b("k"), Value: b("v")}, Scan{}); !errors.Is(err, keyspace.ErrReadOnly) {
		t.Fatal(err)
	}
	if r, err := run(t, s, Scan{Limit: 1 << 30, Prefix: b("zz")}); err != nil || len(r.List) != 0 {
		t.Fatal(r, err)
	}
}
