package client_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestRenameAndCopy(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	done := func(ok bool, err error) bool {
		t.Helper()
		check(t, err)
		return ok
	}
	if err := db.Rename(ctx, "a", "b"); !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("a new name for nothing: %v", err)
	}
	equal(t, "a copy of nothing", done(db.Copy(ctx, "a", "b")), false)
	_, err := db.List("a").PushBack(ctx, "x", "y")
	check(t, err)
	_, err = db.Counter("n").Incr(ctx, 7)
	check(t, err)
	equal(t, "copied", done(db.CopyIfFree(ctx, "a", "b")), true)
	equal(t, "copied to what is there", done(db.CopyIfFree(ctx, "n", "b")), false)
	equal(t, "renamed to what is there", done(db.RenameIfFree(ctx, "n", "b")), false)
	check(t, db.Rename(ctx, "n", "b"))
	n, err := db.Exists(ctx, "n", "a", "b")
	check(t, err)
	equal(t, "keys", n, 2)
	n, err = db.Counter("b").Incr(ctx, 1)
	check(t, err)
	equal(t, "the counter under its new name", n, 8)
	equal(t, "copied over it", done(db.Copy(ctx, "a", "b")), true)
	list, err := db.List("b").Range(ctx, 0, -1)
	check(t, err)
	equal(t, "the copy", fmt.Sprint(list), "[x y]")
	equal(t, "renamed", done(db.RenameIfFree(ctx, "b", "c")), true)
}
