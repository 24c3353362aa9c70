package client_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestSortedSet(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	z := db.SortedSet("z")
	if _, err := z.Score(ctx, "a"); !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("a member of nothing: %v", err)
	}
	if _, err := z.Rank(ctx, "a"); !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("the rank of nothing: %v", err)
	}
	n, err := z.Add(ctx, client.Scored{Member: "a", Score: 1}, client.Scored{Member: "", Score: math.Inf(1)}, client.Scored{Member: "b", Score: 2.5})
	check(t, err)
	equal(t, "added", n, 3)
	score, err := z.Incr(ctx, "a", 0.5)
	check(t, err)
	equal(t, "a", score, 1.5)
	score, err = z.Score(ctx, "")
	check(t, err)
	equal(t, "the empty member", score, math.Inf(1))
	_, err = z.Incr(ctx, "", math.Inf(-1))
	if !errors.Is(err, client.ErrOverflow) {
		t.Fatalf("infinity less infinity: %v", err)
	}
	_, err = z.Incr(ctx, "", math.NaN())
	if !errors.Is(err, client.ErrInvalid) {
		t.Fatalf("by what is no number: %v", err)
	}
	list := func(got []client.Scored, err error) string {
		t.Helper()
		check(t, err)
		return fmt.Sprint(got)
	}
	equal(t, "all", list(z.Range(ctx, 0, -1)), "[{a 1.5} {b 2.5} { +Inf}]")
	equal(t, "the greatest", list(z.RangeReverse(ctx, 0, 0)), "[{ +Inf}]")
	equal(t, "a span", list(z.RangeByScore(ctx, client.Scores{Min: 1.5, MinOpen: true, Max: 9})), "[{b 2.5}]")
	equal(t, "a part of a span", list(z.RangeByScore(ctx, client.Scores{Min: 0, Max: math.Inf(1), Reverse: true, Offset: 1, Limit: 1})), "[{b 2.5}]")
	rank, err := z.Rank(ctx, "b")
	check(t, err)
	equal(t, "rank", rank, 1)
	results, err := db.Txn().ZAdd("z", "c", 3).ZIncr("z", "c", 1).ZRem("z", "a", "x").Commit(ctx)
	check(t, err)
	equal(t, "results", fmt.Sprint(results[0].Int, results[1].Score, results[2].Int), "1 4 1")
	equal(t, "popped", list(z.PopMin(ctx, 0)), "[{b 2.5}]")
	equal(t, "popped", list(z.PopMax(ctx, 5)), "[{ +Inf} {c 4}]")
	n, err = z.Len(ctx)
	check(t, err)
	equal(t, "members", n, 0)
	_, err = z.Add(ctx, client.Scored{Member: "a"})
	check(t, err)
	n, err = z.Remove(ctx, "a", "b")
	check(t, err)
	equal(t, "removed", n, 1)
	_, err = db.Set("z2").Add(ctx, "m")
	check(t, err)
	if _, err := db.SortedSet("z2").Len(ctx); !errors.Is(err, client.ErrWrongType) {
		t.Fatalf("a set: %v", err)
	}
	deleted, err := z.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, false)
}
