package command_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

func numbered(n int) (members [][]byte) {
	for i := range n {
		members = append(members, fmt.Appendf(nil, "m%05d", i))
	}
	return members
}

func TestSPopTakesEveryMemberOnce(t *testing.T) {
	s := newShard(t)
	if _, err := run(t, s, SAdd{b("s"), numbered(40)}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for seed := uint64(0); ; seed++ {
		r, err := run(t, s, SPop{Key: b("s"), Count: 3, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.List) == 0 {
			break
		}
		for _, m := range r.List {
			if seen[string(m)] {
				t.Fatalf("%s twice", m)
			}
			seen[string(m)] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40", len(seen))
	}
	if r, err := run(t, s, Exists{list("s")}); err != nil || r.Int != 0 {
		t.Errorf("the empty set is there: %v, %v", r, err)
	}
}

func TestSPopPicksAtRandom(t *testing.T) {
	s := newShard(t)
	first := map[string]int{}
	for seed := range uint64(300) {
		r, err := run(t, s, Multi{Commands: []keyspace.Command{SAdd{b("s"), list("a", "b", "c")}, SPop{Key: b("s"), Count: 1, Seed: seed}}})
		if err != nil {
			t.Fatal(err)
		}
		first[string(r.Replies[1].List[0])]++
	}
	for _, m := range []string{"a", "b", "c"} {
		if first[m] < 60 {
			t.Errorf("%v: %s is rare", first, m)
		}
	}
}

// TestSPopOfALargeSet takes what was picked beside the loop, where it is still there.
func TestSPopOfALargeSet(t *testing.T) {
	s := newShard(t)
	if _, err := run(t, s, SAdd{b("s"), numbered(6000)}); err != nil {
		t.Fatal(err)
	}
	picked := list("m05999", "m05998", "gone", "m05999", "m05997")
	r, err := run(t, s, SPop{Key: b("s"), Count: 2, Picked: picked})
	if err != nil || string(slices.Concat(r.List...)) != "m05999m05998" {
		t.Errorf("%q, %v", r.List, err)
	}
	r, err = run(t, s, SPop{Key: b("s"), Count: 3, Picked: picked})
	if err != nil || len(r.List) != 3 || string(r.List[0]) != "m05997" || string(r.List[1]) >= "m04200" {
		t.Errorf("%q, %v: what is missing comes from the begin", r.List, err)
	}
	if n, err := run(t, s, SCard{b("s")}); err != nil || n.Int != 5995 {
		t.Errorf("%v members are left, %v", n.Int, err)
	}
}

func TestSInterCard(t *testing.T) {
	s := newShard(t)
	for key, members := range map[string][][]byte{"a": numbered(10), "b": numbered(7), "c": list("m00001", "m00003", "x")} {
		if _, err := run(t, s, SAdd{b(key), members}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run(t, s, Set{Key: b("text"), Value: b("v")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cmd  SInterCard
		want int64
		err  error
	}{
		{SInterCard{list("a"), 0}, 10, nil},
		{SInterCard{list("a", "b"), 0}, 7, nil},
		{SInterCard{list("a", "b"), 3}, 3, nil},
		{SInterCard{list("a", "b", "c"), 9}, 2, nil},
		{SInterCard{list("a", "none"), 0}, 0, nil},
		{SInterCard{list("a", "text"), 0}, 0, keyspace.ErrWrongType},
	} {
		r, err := run(t, s, c.cmd)
		if r.Int != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q, limit %d: %d, %v", c.cmd.List, c.cmd.Limit, r.Int, err)
		}
	}
}
