package client_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestHyperLogLog(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	monday, tuesday := db.HyperLogLog("monday"), db.HyperLogLog("tuesday")
	n, err := monday.Count(ctx)
	check(t, err)
	equal(t, "of nothing", n, 0)
	changed, err := monday.Add(ctx, "ada", "", "bob")
	check(t, err)
	equal(t, "changed", changed, true)
	changed, err = monday.Add(ctx, "bob", "")
	check(t, err)
	equal(t, "changed by the same", changed, false)
	_, err = tuesday.Add(ctx, "bob", "cyd")
	check(t, err)
	n, err = monday.Count(ctx, "tuesday", "nothing")
	check(t, err)
	equal(t, "the union", n, 4)
	check(t, tuesday.Merge(ctx, "monday"))
	n, err = tuesday.Count(ctx)
	check(t, err)
	equal(t, "merged", n, 4)
	results, err := db.Txn().PFAdd("monday", "ada").PFAdd("monday", "new").Commit(ctx)
	check(t, err)
	equal(t, "in a transaction", [2]bool{results[0].Found, results[1].Found}, [2]bool{false, true})
	deleted, err := monday.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, true)

	many := make([]string, 10_000)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	_, err = db.HyperLogLog("many").Add(ctx, many...)
	check(t, err)
	n, err = db.HyperLogLog("many").Count(ctx)
	check(t, err)
	if n < 9_700 || n > 10_300 {
		t.Errorf("10,000 elements are estimated at %d", n)
	}
	check(t, db.Register("text").Set(ctx, []byte("x")))
	if _, err := db.HyperLogLog("text").Add(ctx, "a"); !errors.Is(err, client.ErrWrongType) {
		t.Errorf("add to a string: %v", err)
	}
	if err := monday.Merge(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("merge nothing: %v", err)
	}
}
