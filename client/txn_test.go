package client_test

import (
	"errors"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

// Law: a transaction whose results are too large is never taken for refused; it happened.
func TestResultsThatAreTooLargeAreNoRefusal(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	check(t, db.Register("r").Set(ctx, make([]byte, 7<<20)))
	_, err := db.Txn().Incr("n", 1).Get("r").Get("r").Get("r").Commit(ctx)
	if !errors.Is(err, client.ErrUnknown) {
		t.Errorf("results of 21 MiB: %v", err)
	}
	n, err := db.Counter("n").Incr(ctx, 0)
	check(t, err)
	equal(t, "increments", n, 1)
	_, err = db.Txn().Get("r").Get("r").Get("r").Commit(ctx)
	if !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("reads of 21 MiB: %v", err)
	}
}
