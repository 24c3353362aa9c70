package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestList(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	l := db.List("l")
	list := func(got []string, err error) string {
		t.Helper()
		check(t, err)
		return fmt.Sprintf("%q", got)
	}
	count := func(n int64, err error) int64 {
		t.Helper()
		check(t, err)
		return n
	}
	equal(t, "popped from nothing", list(l.PopFront(ctx, 1)), "[]")
	equal(t, "behind", count(l.PushBack(ctx, "c", "")), 2)
	equal(t, "before", count(l.PushFront(ctx, "b", "a")), 4)
	equal(t, "all", list(l.Range(ctx, 0, -1)), `["a" "b" "c" ""]`)
	value, err := l.Index(ctx, -2)
	check(t, err)
	equal(t, "the last but one", value, "c")
	check(t, l.Set(ctx, 3, "d"))
	equal(t, "inserted before", count(l.Insert(ctx, client.Before, "a", "x")), 5)
	equal(t, "inserted behind", count(l.Insert(ctx, client.Behind, "a", "x")), 6)
	equal(t, "all", list(l.Range(ctx, 0, -1)), `["x" "a" "x" "b" "c" "d"]`)
	at, err := l.Positions(ctx, "x", 0)
	check(t, err)
	equal(t, "where x stands", fmt.Sprint(at), "[0 2]")
	equal(t, "removed from the back", count(l.Remove(ctx, "x", -1)), 1)
	check(t, l.Trim(ctx, 1, -2))
	equal(t, "what stays", list(l.Range(ctx, 0, -1)), `["a" "b" "c"]`)
	value, err = l.Move(ctx, client.Front, "l", client.Back)
	check(t, err)
	equal(t, "moved", value, "a")
	equal(t, "turned", list(l.Range(ctx, 0, -1)), `["b" "c" "a"]`)
	results, err := db.Txn().PushBack("l", "e").PushFront("m", "1", "2").Move("m", client.Back, "l", client.Front).Commit(ctx)
	check(t, err)
	equal(t, "results", fmt.Sprint(results[0].Int, results[1].Int, results[2].Found, string(results[2].Value)), "4 2 true1")
	equal(t, "popped from the back", list(l.PopBack(ctx, 2)), `["e" "a"]`)
	equal(t, "popped from the front", list(l.PopFront(ctx, 0)), `["1"]`)
	equal(t, "elements", count(l.Len(ctx)), 2)
	deleted, err := l.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, true)
}

func TestWhatAListHasNot(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	l := db.List("l")
	fails := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := l.Index(ctx, 0)
	fails("an element of nothing", err, client.ErrNotFound)
	_, err = l.Move(ctx, client.Front, "m", client.Back)
	fails("a move from nothing", err, client.ErrNotFound)
	fails("set in nothing", l.Set(ctx, 0, "a"), client.ErrNotFound)
	_, err = l.PushBack(ctx, "a")
	check(t, err)
	fails("set behind the end", l.Set(ctx, 1, "a"), client.ErrInvalid)
	_, err = l.Insert(ctx, client.Before, "b", "a")
	fails("insert beside nothing", err, client.ErrNotFound)
	_, err = l.PushBack(ctx)
	fails("a push of nothing", err, client.ErrInvalid)
	_, err = db.Set("s").Add(ctx, "m")
	check(t, err)
	_, err = db.List("s").Len(ctx)
	fails("a set", err, client.ErrWrongType)
}

// Law: what cannot be returned is not taken.
func TestAPopThatIsTooLargeTakesNothing(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	l := db.List("l")
	large := strings.Repeat("x", 3<<20)
	for range 6 {
		_, err := l.PushBack(ctx, large)
		check(t, err)
	}
	for _, take := range []func() ([]string, error){
		func() ([]string, error) { return l.PopFront(ctx, 6) },
		func() ([]string, error) { return l.PopBack(ctx, 3) },
		func() ([]string, error) { return l.Range(ctx, 0, -1) },
	} {
		if _, err := take(); !errors.Is(err, client.ErrTooLarge) {
			t.Errorf("more than a response holds: %v", err)
		}
	}
	n, err := l.Len(ctx)
	check(t, err)
	equal(t, "elements", n, 6)
	got, err := l.PopBack(ctx, 2)
	check(t, err)
	equal(t, "what fits", len(got), 2)
}
