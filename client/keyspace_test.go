package client_test

import (
	"errors"
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
