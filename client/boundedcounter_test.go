package client_test

import (
	"errors"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestBoundedCounter(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	stock := db.BoundedCounter("stock")
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := stock.Get(ctx)
	is("read nothing", err, client.ErrNotFound)
	_, err = stock.Rights(ctx)
	is("rights to nothing", err, client.ErrNotFound)
	_, err = stock.Decr(ctx, 1)
	is("take of nothing", err, client.ErrNotFound)
	is("begin below the bound", stock.Create(ctx, 1, 0), client.ErrInvalid)
	check(t, stock.Create(ctx, -2, 10))
	is("create again", stock.Create(ctx, 0, 10), client.ErrInvalid)
	n, err := stock.Decr(ctx, 4)
	check(t, err)
	equal(t, "after a spend", n, 6)
	n, err = stock.Incr(ctx, 1)
	check(t, err)
	equal(t, "after an addition", n, 7)
	_, err = stock.Decr(ctx, 10)
	is("take too much", err, client.ErrNoRights)
	_, err = stock.Decr(ctx, -1)
	is("take less than nothing", err, client.ErrInvalid)
	is("grant to nobody", stock.Grant(ctx, "mars", 1), client.ErrInvalid)
	rights, err := stock.Rights(ctx)
	check(t, err)
	if len(rights) != 1 || rights[0].Rights != 9 || rights[0].Origin == 0 || rights[0].Region == "" {
		t.Errorf("rights: %+v", rights)
	}
	_, err = db.Txn().SAdd("orders", "1").BDecr("stock", 10).Commit(ctx)
	is("take too much in a transaction", err, client.ErrNoRights)
	if there, err := db.Set("orders").Contains(ctx, "1"); err != nil || there {
		t.Errorf("half of a transaction: %v %v", there, err)
	}
	results, err := db.Txn().BDecr("stock", 9).BIncr("stock", 2).Commit(ctx)
	check(t, err)
	equal(t, "in a transaction", results[1].Int, 0)
	n, err = stock.Reclaim(ctx)
	check(t, err)
	equal(t, "reclaimed", n, 0)
	n, err = stock.Get(ctx)
	check(t, err)
	equal(t, "in the end", n, 0)
}
