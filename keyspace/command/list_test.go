package command_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// shown prints what of a reply counts for lists.
func shown(r keyspace.Reply, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%v %d %s %s", r.Found, r.Int, r.Value, r.List)
}

func TestLists(t *testing.T) {
	s := newShard(t)
	l, m, wrong := b("l"), b("m"), keyspace.ErrWrongType.Error()
	whole := LRange{Key: l, Start: 0, Stop: -1}
	for i, c := range []struct {
		cmd  keyspace.Command
		want string
	}{
		{whole, "false 0  []"}, {LLen{l}, "false 0  []"}, {Pop{Key: l, Count: 1}, "false 0  []"}, {LSet{Key: l}, ErrNoKey.Error()},
		{LIndex{Key: l}, "false 0  []"}, {LInsert{Key: l}, "false 0  []"}, {LRem{Key: l}, "false 0  []"}, {LTrim{Key: l}, "false 0  []"},
		{LPos{Key: l, Rank: 1}, "false 0  []"}, {LMove{Source: l, Into: m}, "false 0  []"}, {LMPop{Lists: list("l", "m"), Count: 1}, "false 0  []"},
		{Push{Key: l, Values: list("x"), Existing: true}, "false 0  []"}, {Exists{list("l")}, "false 0  []"},
		{Push{Key: l, Values: list("b", "a")}, "false 2  []"},
		{Push{Key: l, Values: list("c", "b", "d"), To: keyspace.Back}, "false 5  []"},
		{whole, "false 0  [a b c b d]"}, {LRange{Key: l, Start: 1, Stop: 2}, "false 0  [b c]"}, {LRange{Key: l, Start: -2, Stop: 100}, "false 0  [b d]"}, {LRange{Key: l, Start: 3, Stop: 1}, "false 0  []"},
		{LIndex{Key: l, Index: 0}, "true 0 a []"}, {LIndex{Key: l, Index: -1}, "true 0 d []"}, {LIndex{Key: l, Index: 5}, "false 0  []"}, {LIndex{Key: l, Index: -6}, "false 0  []"},
		{LPos{Key: l, Value: b("b"), Rank: 1, Count: 1}, "true 1  [1]"}, {LPos{Key: l, Value: b("b"), Rank: -1}, "true 3  [3 1]"},
		{LPos{Key: l, Value: b("b"), Rank: 2}, "true 3  [3]"}, {LPos{Key: l, Value: b("b"), Rank: 1, MaxLen: 1}, "false 0  []"},
		{LSet{Key: l, Index: 1, Value: b("x")}, "false 0  []"}, {LSet{Key: l, Index: 5}, ErrIndex.Error()}, {LSet{Key: l, Refuse: keyspace.ErrNotInteger}, keyspace.ErrNotInteger.Error()},
		{LIndex{Key: l, Refuse: keyspace.ErrNotInteger}, keyspace.ErrNotInteger.Error()},
		{LInsert{Key: l, Before: true, Pivot: b("x"), Value: b("w")}, "false 6  []"}, {LInsert{Key: l, Pivot: b("d"), Value: b("e")}, "false 7  []"}, {LInsert{Key: l, Pivot: b("?")}, "false -1  []"},
		{whole, "false 0  [a w x c b d e]"}, {Pop{Key: l, Count: 2}, "true 0  [a w]"}, {Pop{Key: l, From: keyspace.Back, Count: 2}, "true 0  [e d]"}, {Pop{Key: l}, "true 0  []"},
		{LMove{Source: l, Into: m, From: keyspace.Back}, "true 0 b []"}, {LMove{Source: l, Into: l, To: keyspace.Back}, "true 0 x []"}, {whole, "false 0  [c x]"},
		{LMPop{Lists: list("none", "m", "l"), Count: 9}, "true 0 m [b]"}, {Exists{list("m")}, "false 0  []"},
		{Push{Key: l, Values: list("x", "y", "x", "z"), To: keyspace.Back, Existing: true}, "false 6  []"},
		{LRem{l, -1, b("x")}, "false 1  []"}, {LRem{l, 0, b("x")}, "false 2  []"}, {whole, "false 0  [c y z]"},
		{LTrim{l, 1, 1}, "false 0  []"}, {whole, "false 0  [y]"}, {LTrim{l, 5, 9}, "false 0  []"}, {Exists{list("l")}, "false 0  []"},
		{Push{Key: l, Values: list("x", "y"), To: keyspace.Back}, "false 2  []"}, {Rename{From: l, To: m}, "true 0  []"}, {LRange{Key: m, Start: 0, Stop: -1}, "false 0  [x y]"}, {Exists{list("l")}, "false 0  []"}, {Delete{list("m")}, "false 1  []"},
		{Set{Key: l, Value: b("v")}, "false 0  []"}, {whole, wrong}, {Push{Key: l, Values: list("x")}, wrong}, {LMove{Source: m, Into: l}, "false 0  []"},
		{Push{Key: m, Values: list("x")}, "false 1  []"}, {LMove{Source: m, Into: l}, wrong}, {LMPop{Lists: list("l", "m"), Count: 1}, wrong}, {LLen{m}, "false 1  []"},
	} {
		if got := shown(run(t, s, c.cmd)); got != c.want {
			t.Errorf("%d, %s %+v: %s, want %s", i, c.cmd.Name(), c.cmd, got, c.want)
		}
	}
}

// What an update did to a list is done again where the list has gone on: at the same places,
// in the same order, to what is there still.
func TestAnUpdateOfAListIsDoneAgain(t *testing.T) {
	s := newShard(t)
	tag := func(seq uint64) crdt.Insertion {
		return crdt.Insertion{Tag: crdt.Tag{Time: 5}, Index: seq}
	}
	if _, err := run(t, s, Push{Key: b("l"), Values: list("a", "b", "c"), To: keyspace.Back}); err != nil {
		t.Fatal(err)
	}
	var at []crdt.Position
	see := positionsOf{key: b("l"), at: &at}
	if _, err := run(t, s, see); err != nil {
		t.Fatal(err)
	}
	item := func(p crdt.Position, e crdt.Edit) crdt.FieldChange { return crdt.FieldChange{Name: p, Edit: e} }
	x := tag(0)
	x.Dot.Origin, x.Dot.Seq = 9, 1
	first, err := x.Between(at[0], at[1])
	if err != nil {
		t.Fatal(err)
	}
	x.Index++
	second, err := x.Between(first, at[1])
	if err != nil {
		t.Fatal(err)
	}
	add := func(v string) crdt.Edit { return crdt.Edit{Assign: true, Value: b(v)} }
	u := crdt.Update{Changes: []crdt.Change{{Key: b("l"), Items: []crdt.FieldChange{
		item(at[0], crdt.Edit{Clear: true}), item(first, add("x")), item(second, add("y")), item(at[1], crdt.Edit{Clear: true, Assign: true, Value: b("B")}),
	}}}}
	cmds := Reissue(&u)
	if want := []keyspace.Command{LReplay{b("l"), u.Changes[0].Items}}; !reflect.DeepEqual(cmds, want) {
		t.Fatalf("%+v, want %+v", cmds, want)
	}
	for _, want := range []string{"[x y B c]", "[x y x y B c]"} { // and again: new elements, at the same place
		if _, err := run(t, s, cmds[0]); err != nil {
			t.Fatal(err)
		}
		r, err := run(t, s, LRange{Key: b("l"), Start: 0, Stop: -1})
		if got := fmt.Sprintf("%s", r.List); err != nil || got != want {
			t.Fatalf("%s %v, want %s", got, err, want)
		}
	}
}

// positionsOf reads the positions of a list.
type positionsOf struct {
	key []byte
	at  *[]crdt.Position
}

func (positionsOf) Name() string     { return "POSITIONS" }
func (c positionsOf) Keys() [][]byte { return [][]byte{c.key} }
func (positionsOf) Writes() bool     { return false }

func (c positionsOf) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	return r, tx.Items(c.key, keyspace.Front, func(at crdt.Position, _ []byte) bool {
		*c.at = append(*c.at, append(crdt.Position(nil), at...))
		return true
	})
}
