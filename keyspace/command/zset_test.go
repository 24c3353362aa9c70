package command_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// scored reads "a=1 b=2".
func scored(text string) (out []keyspace.Scored) {
	for _, word := range strings.Fields(text) {
		var x keyspace.Scored
		name, score, _ := strings.Cut(word, "=")
		x.Member = b(name)
		if _, err := fmt.Sscan(score, &x.Score); err != nil {
			panic(err)
		}
		out = append(out, x)
	}
	return out
}

// told prints what of a reply counts for sorted sets.
func told(r keyspace.Reply, err error) string {
	var out []string
	if err != nil {
		return err.Error()
	}
	for i, m := range r.List {
		out = append(out, fmt.Sprintf("%s=%v", m, r.Scores[i]))
	}
	for _, one := range r.Replies {
		out = append(out, told(one, nil))
	}
	if r.Found {
		out = append(out, fmt.Sprint("found ", string(r.Value), r.Score))
	}
	return strings.Join(append(out, fmt.Sprint(r.Int)), " ")
}

func score(score float64, open bool) Bound { return Bound{Score: score, Open: open} }

func named(member string, open bool) Bound { return Bound{Member: b(member), Open: open} }

func TestSortedSets(t *testing.T) {
	s := newShard(t)
	z, wrong, inf := b("z"), keyspace.ErrWrongType.Error(), math.Inf(1)
	all := Span{Stop: -1}
	for i, c := range []struct {
		cmd  keyspace.Command
		want string
	}{
		{ZRange{z, all}, "0"}, {ZCard{z}, "0"}, {ZRem{z, list("a")}, "0"}, {ZScore{z, list("a")}, "0 0"}, {ZPop{List: [][]byte{z}, Count: 1}, "0"},
		{ZRank{Key: z, Member: b("a")}, "0"}, {ZCount{z, Span{By: ByScore, Max: score(9, false)}}, "0"}, {ZScan{Key: z}, "0"}, {ZRandMember{Key: z, Count: 3}, "0"},
		{ZRemRange{z, all}, "0"}, {ZRangeStore{b("y"), z, all}, "0"}, {ZInterCard{List: [][]byte{z, z}}, "0"},
		{ZAdd{Key: z, Members: scored("a=1"), Present: true}, "0"},

		{ZAdd{Key: z, Members: scored("b=2 a=1 c=2 a=0.5")}, "found 0.5 3"},
		{ZAdd{Key: z, Members: scored("a=0.5 d=4"), Changed: true}, "found 4 1"},
		{ZAdd{Key: z, Members: scored("a=1 d=4"), Changed: true}, "found 4 1"},
		{ZAdd{Key: z, Members: scored("a=9 e=5"), Absent: true}, "found 5 1"},
		{ZAdd{Key: z, Members: scored("e=6 f=7"), Present: true, Changed: true}, "found 6 1"},
		{ZAdd{Key: z, Members: scored("e=5 d=9"), Greater: true, Changed: true}, "found 9 1"},
		{ZAdd{Key: z, Members: scored("e=7 d=4"), Less: true, Changed: true}, "found 4 1"},
		{ZAdd{Key: z, Members: scored("e=1"), Incr: true}, "found 7 0"},
		{ZAdd{Key: z, Members: scored("e=-1"), Incr: true, Greater: true}, "0"},
		{ZAdd{Key: z, Members: scored("e=0"), Incr: true}, "found 7 0"},
		{ZAdd{Key: z, Members: scored("g=1"), Incr: true, Present: true}, "0"},
		{ZIncr{z, b("f"), 0}, "found 0 1"},
		{ZRange{z, all}, "f=0 a=1 b=2 c=2 d=4 e=7 0"},
		{ZRange{z, Span{Stop: -1, Reverse: true}}, "e=7 d=4 c=2 b=2 a=1 f=0 0"},
		{ZRange{z, Span{Start: 1, Stop: 2}}, "a=1 b=2 0"}, {ZRange{z, Span{Start: 4, Stop: 99}}, "d=4 e=7 0"},
		{ZRange{z, Span{Start: 4, Stop: 4, Reverse: true}}, "a=1 0"}, {ZRange{z, Span{Start: -2, Stop: -2}}, "d=4 0"},
		{ZRange{z, Span{Start: -99, Stop: 0}}, "f=0 0"}, {ZRange{z, Span{Start: 3, Stop: 2}}, "0"}, {ZRange{z, Span{Start: 6, Stop: 9}}, "0"},
		{ZRange{z, Span{By: ByScore, Min: score(1, true), Max: score(4, false), Limit: -1}}, "b=2 c=2 d=4 0"},
		{ZRange{z, Span{By: ByScore, Min: score(1, false), Max: score(4, true), Limit: -1, Reverse: true}}, "c=2 b=2 a=1 0"},
		{ZRange{z, Span{By: ByScore, Min: score(-inf, false), Max: score(inf, false), Limit: 2, Offset: 3}}, "c=2 d=4 0"},
		{ZRange{z, Span{By: ByScore, Min: score(-inf, false), Max: score(inf, false), Limit: 0}}, "0"},
		{ZRange{z, Span{By: ByScore, Min: score(-inf, false), Max: score(inf, false), Offset: -1, Limit: 9}}, "0"},
		{ZRange{z, Span{By: ByScore, Min: score(5, false), Max: score(1, false), Limit: -1}}, "0"},
		{ZRange{z, Span{By: ByLex, Min: named("b", false), Max: named("d", false), Limit: -1}}, "b=2 c=2 d=4 0"},
		{ZCount{z, Span{By: ByScore, Min: score(2, false), Max: score(4, true), Limit: -1}}, "2"},
		{ZRank{Key: z, Member: b("c")}, "found 0 3"}, {ZRank{Key: z, Member: b("c"), Reverse: true}, "found 0 2"}, {ZRank{Key: z, Member: b("x")}, "0"},
		{ZScore{z, list("a", "x")}, "found 1 0 0 0"},
		{ZScan{Key: z, Limit: 2}, "a=1 b=2 0"}, {ZScan{Key: z, Cursor: b("mb")}, "c=2 d=4 e=7 f=0 0"}, {ZScan{Key: z, Cursor: b("?")}, keyspace.ErrCursor.Error()},
		{ZRandMember{Key: z, Count: 9}, "a=1 b=2 c=2 d=4 e=7 f=0 0"},
		{ZPop{List: list("none", "z"), Count: 2}, "f=0 a=1 found z0 0"}, {ZPop{List: list("z"), Max: true, Count: 1}, "e=7 found z0 0"},
		{ZPop{List: list("z"), Count: 0}, "0"},
		{ZRemRange{z, Span{By: ByScore, Min: score(4, false), Max: score(4, false), Limit: -1}}, "1"},
		{ZRem{z, list("b", "x", "b")}, "1"}, {ZRange{z, all}, "c=2 0"}, {ZRem{z, list("c")}, "1"}, {Exists{list("z")}, "0"},

		{ZIncr{z, b("i"), inf}, "found +Inf 1"}, {ZIncr{z, b("i"), 5}, "found +Inf 0"}, {ZIncr{z, b("i"), -inf}, ErrNotScore.Error()},
		{ZAdd{Key: z, Members: scored("i=1")}, "found 1 0"}, {ZIncr{z, b("i"), -inf}, "found -Inf 0"},
		{ZAdd{Key: z, Members: scored("i=0.1")}, "found 0.1 0"}, {ZIncr{z, b("i"), 0.7}, "found 0.7999999999999999 0"},

		{ZAdd{Key: b("l"), Members: scored("a=0 b=0 c=0 d=0")}, "found 0 4"},
		{ZRange{b("l"), Span{By: ByLex, Min: named("b", true), Max: Bound{End: 1}, Limit: -1}}, "c=0 d=0 0"},
		{ZRange{b("l"), Span{By: ByLex, Min: Bound{End: -1}, Max: named("c", true), Limit: -1, Reverse: true}}, "b=0 a=0 0"},
		{ZRange{b("l"), Span{By: ByLex, Min: named("b", false), Max: named("c", false), Limit: -1}}, "b=0 c=0 0"},
		{ZRange{b("l"), Span{By: ByLex, Min: Bound{End: 1}, Max: Bound{End: -1}, Limit: -1}}, "0"},
		{ZCount{b("l"), Span{By: ByLex, Min: Bound{End: -1}, Max: Bound{End: 1}, Limit: -1}}, "4"},
		{ZRangeStore{b("l2"), b("l"), Span{Start: 1, Stop: 2}}, "2"}, {ZRange{b("l2"), all}, "b=0 c=0 0"},
		{ZRemRange{b("l"), Span{By: ByLex, Min: named("b", false), Max: named("b", false), Limit: -1}}, "1"},
		{ZRemRange{b("l"), Span{Start: 0, Stop: 0}}, "1"}, {ZRange{b("l"), all}, "c=0 d=0 0"},
		{ZRangeStore{b("l"), b("none"), all}, "0"}, {Exists{list("l")}, "0"},

		{Set{Key: b("k"), Value: b("v")}, "0"}, {SAdd{b("s"), list("a", "b")}, "2"},
		{ZAdd{Key: b("k"), Members: scored("a=1")}, wrong}, {ZIncr{b("k"), b("a"), 1}, wrong}, {ZRem{b("k"), list("a")}, wrong}, {ZCard{b("k")}, wrong},
		{ZScore{b("k"), list("a")}, wrong}, {ZRange{b("k"), all}, wrong}, {ZCount{b("k"), all}, wrong}, {ZRank{Key: b("k")}, wrong}, {ZPop{List: list("k"), Count: 1}, wrong},
		{ZScan{Key: b("k")}, wrong}, {ZRandMember{Key: b("k")}, wrong}, {ZRemRange{b("k"), all}, wrong}, {ZRangeStore{b("y"), b("k"), all}, wrong},
		{ZCombine{List: list("k")}, wrong}, {ZCombineStore{b("y"), ZCombine{List: list("k")}}, wrong}, {ZInterCard{List: list("k"), Refuse: ErrNotFloat}, wrong}, {Get{z}, wrong}, {SAdd{z, list("x")}, wrong},

		{ZAdd{Key: b("p"), Members: scored("a=1 b=2 c=3")}, "found 3 3"}, {ZAdd{Key: b("q"), Members: scored("b=10 c=20 d=30")}, "found 30 3"},
		{ZCombine{As: Union, List: list("p", "q", "none")}, "a=1 b=12 c=23 d=30 0"},
		{ZCombine{As: Union, List: list("p", "s")}, "a=2 b=3 c=3 0"},
		{ZCombine{As: Intersection, List: list("p", "q"), Weights: []float64{2, 1}}, "b=14 c=26 0"},
		{ZCombine{As: Intersection, List: list("p", "q"), Aggregate: Least}, "b=2 c=3 0"},
		{ZCombine{As: Union, List: list("p", "q"), Aggregate: Greatest, Weights: []float64{-1, 1}}, "a=-1 b=10 c=20 d=30 0"},
		{ZCombine{As: Union, List: list("p", "p"), Weights: []float64{inf, -inf}}, "a=0 b=0 c=0 0"},
		{ZCombine{As: Intersection, List: list("p", "none")}, "0"},
		{ZCombine{As: Intersection, List: list("s", "p")}, "a=2 b=3 0"},
		{ZCombine{As: Difference, List: list("p", "q")}, "a=1 0"}, {ZCombine{As: Difference, List: list("none", "q")}, "0"},
		{ZCombine{List: list("p", "q"), Refuse: ErrNotFloat}, ErrNotFloat.Error()}, {ZInterCard{List: list("p", "q")}, "2"}, {ZInterCard{List: list("p", "q"), Limit: 1}, "1"},
		{ZCombineStore{b("p"), ZCombine{As: Union, List: list("p", "q")}}, "4"}, {ZRange{b("p"), all}, "a=1 b=12 c=23 d=30 0"},
		{ZCombineStore{b("p"), ZCombine{As: Intersection, List: list("p", "none")}}, "0"}, {Exists{list("p")}, "0"},
	} {
		if got := told(run(t, s, c.cmd)); got != c.want {
			t.Errorf("step %d, %s %+v: %s, want %s", i, c.cmd.Name(), c.cmd, got, c.want)
		}
	}
}

func total(text string) crdt.Total {
	n, _, ok := crdt.ParseNumber(b(text))
	if !ok {
		panic(text)
	}
	return n
}

func TestFloatsOfStringsAndFields(t *testing.T) {
	s := newShard(t)
	for i, c := range []struct {
		cmd  keyspace.Command
		want string
		err  error
	}{
		{IncrFloat{Key: b("k"), Delta: total("0.1")}, "0.1", nil}, {IncrFloat{Key: b("k"), Delta: total("0.2")}, "0.3", nil}, {Get{b("k")}, "0.3", nil},
		{Incr{b("k"), 1}, "", keyspace.ErrNotInteger},
		{IncrFloat{Key: b("k"), Delta: total("0.7")}, "1", nil}, {Incr{b("k"), 1}, "", nil}, {Get{b("k")}, "2", nil},
		{Set{Key: b("k"), Value: b("10.50")}, "", nil}, {IncrFloat{Key: b("k"), Delta: total("0.1")}, "10.6", nil}, {IncrFloat{Key: b("k"), Delta: total("-5")}, "5.6", nil},
		{Set{Key: b("k"), Value: b("5.0e3")}, "", nil}, {IncrFloat{Key: b("k"), Delta: total("2.0e2")}, "5200", nil}, {Get{b("k")}, "5200", nil},
		{Set{Key: b("k"), Value: b("word")}, "", nil}, {IncrFloat{Key: b("k"), Delta: total("1")}, "", ErrNotFloat},
		{Set{Key: b("k"), Value: b("9223372036854775807")}, "", nil}, {IncrFloat{Key: b("k"), Delta: total("1")}, "", ErrInfinite}, {IncrFloat{Key: b("k"), Delta: total("-1024")}, "9223372036854774783", nil},
		{IncrFloat{Key: b("k"), Refuse: ErrInfinite}, "", ErrInfinite}, {Set{Key: b("k"), Value: b("inf")}, "", nil}, {IncrFloat{Key: b("k"), Refuse: ErrNotFloat}, "", ErrNotFloat}, {IncrFloat{Key: b("k"), Delta: total("1")}, "", ErrInfinite},
		{HSet{b("h"), fields("f", "010", "w", "word")}, "", nil}, {HIncrFloat{b("h"), b("f"), total("0.5")}, "10.5", nil}, {HGet{b("h"), b("f")}, "10.5", nil},
		{HIncrFloat{b("h"), b("w"), total("0.5")}, "", ErrFieldNotFloat}, {HIncrFloat{b("h"), b("new"), total("-1.5")}, "-1.5", nil},
		{HIncr{b("h"), b("new"), 1}, "", ErrFieldNotInteger},
		{IncrFloat{Key: b("h"), Delta: total("1")}, "", keyspace.ErrWrongType}, {HIncrFloat{b("k"), b("f"), total("1")}, "", keyspace.ErrWrongType},
	} {
		if r, err := run(t, s, c.cmd); string(r.Value) != c.want || !errors.Is(err, c.err) {
			t.Errorf("step %d, %s: %q, %v, want %q, %v", i, c.cmd.Name(), r.Value, err, c.want, c.err)
		}
	}
}

func TestReissueOfScores(t *testing.T) {
	half := &crdt.Increment{Base: 1, Total: crdt.TotalOfFloat(9), Delta: crdt.TotalOfFloat(0.5)}
	both := &crdt.Increment{Base: 1, Delta: crdt.TotalOfFloat(1e300).Add(crdt.TotalOf(1))}
	u := crdt.Update{Changes: []crdt.Change{
		{Key: b("f"), Increment: half, Fields: []crdt.FieldChange{{Name: b("n"), Edit: crdt.Edit{Increment: half}}}},
		{Key: b("z"), Scores: []crdt.FieldChange{
			{Name: b("a"), Edit: crdt.Edit{Clear: true, Assign: true, Value: crdt.AppendScore(nil, 1.5), Increment: half}},
			{Name: b("b"), Edit: crdt.Edit{Clear: true}},
			{Name: b("c"), Edit: crdt.Edit{Increment: both}},
		}},
		{Key: b("y"), Clear: true, Scores: []crdt.FieldChange{{Name: b("n"), Edit: crdt.Edit{Clear: true}}}},
	}}
	want := []keyspace.Command{
		IncrFloat{Key: b("f"), Delta: crdt.TotalOfFloat(0.5)}, HIncrFloat{b("f"), b("n"), crdt.TotalOfFloat(0.5)},
		ZAdd{Key: b("z"), Members: scored("a=1.5")}, ZIncr{b("z"), b("a"), 0.5}, ZRem{b("z"), list("b")}, ZIncr{b("z"), b("c"), 1e300}, ZIncr{b("z"), b("c"), 1},
		Delete{list("y")},
	}
	if got := Reissue(&u); !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
}
