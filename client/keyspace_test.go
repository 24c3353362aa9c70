package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestKeysOfAllTypes(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	if _, err := db.RandomKey(ctx); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a key of nothing: %v", err)
	}
	if _, err := db.Type(ctx, "none"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the type of nothing: %v", err)
	}
	check(t, db.Register("text").Set(ctx, []byte("x"), client.EndsIn(time.Hour)))
	_, err := db.HyperLogLog("sketch").Add(ctx, "x")
	check(t, err)
	_, err = db.Geo("places").Add(ctx, client.Place{Member: "m"})
	check(t, err)
	types := map[string]string{"text": "string", "sketch": "hyperloglog", "places": "zset"}
	for key, want := range types {
		got, err := db.Type(ctx, key)
		check(t, err)
		equal(t, key, got, want)
	}
	size, err := db.Size(ctx)
	check(t, err)
	equal(t, "size", size, client.Size{Keys: 3, Ending: 1})
	key, err := db.RandomKey(ctx)
	check(t, err)
	if types[key] == "" {
		t.Errorf("a random key %q", key)
	}
}

func TestScanMatching(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	for _, key := range []string{"user:1", "user:2", "user:10", "visit:1"} {
		check(t, db.Register(key).Set(ctx, []byte("x")))
	}
	for pattern, want := range map[string]int{"*": 4, "user:?": 2, "user:*": 3, "*:1": 2, "[v]*": 1, "user:1": 1, "x*": 0} {
		n := 0
		for _, err := range db.ScanMatching(ctx, pattern) {
			check(t, err)
			n++
		}
		equal(t, pattern, n, want)
	}
}

// TestDeleteAll has hashes with counters so long that one update does not hold the deletion of both.
func TestDeleteAll(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	n, err := db.DeleteAll(ctx)
	check(t, err)
	equal(t, "of nothing", n, 0)
	long := strings.Repeat("c", 60_000)
	for batch := range 3 {
		txn := db.Txn()
		for i := range 50 {
			txn.HIncr("hash1", fmt.Sprint(batch, " ", i, long), 1).HIncr("hash2", fmt.Sprint(batch, " ", i, long), 1)
		}
		for i := range 500 {
			txn.Set(fmt.Sprint(batch, " ", i), nil)
		}
		_, err := txn.Commit(ctx)
		check(t, err)
	}
	n, err = db.DeleteAll(ctx)
	check(t, err)
	equal(t, "deleted", n, 1502)
	size, err := db.Size(ctx)
	check(t, err)
	equal(t, "left", size.Keys, 0)
}
