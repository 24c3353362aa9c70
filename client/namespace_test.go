package client_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func TestANamespaceHasKeysOfItsOwn(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	orders, three := db.Namespace("orders"), db.Namespace("3")
	check(t, db.Register("k").Set(ctx, []byte("zero")))
	check(t, orders.Register("k").Set(ctx, []byte("more")))
	for _, c := range []struct {
		in   *client.Client
		want string
	}{{db, "zero"}, {orders.Client, "more"}, {db.Namespace("default").Client, "zero"}, {orders.Namespace("0").Client, "zero"}, {orders.Session().Client, "more"}} {
		got, err := c.in.Register("k").Get(ctx)
		check(t, err)
		equal(t, "value", string(got), c.want)
	}
	if _, err := three.Register("k").Get(ctx); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a key of another namespace: %v", err)
	}
	_, err := three.Set("s").Add(ctx, "x")
	check(t, err)
	size, err := orders.Size(ctx)
	check(t, err)
	equal(t, "keys", size.Keys, 1)
	sizes, err := db.Namespaces(ctx)
	check(t, err)
	equal(t, "namespaces", fmt.Sprint(sizes), "map[3:{1 0} default:{1 0} orders:{1 0}]")
	kind, err := orders.Command(ctx, "TYPE", "k")
	check(t, err)
	equal(t, "type", kind, any("string"))
	n, err := orders.DeleteAll(ctx)
	check(t, err)
	equal(t, "deleted", n, 1)
	check(t, orders.Close()) // ends nothing
	size, err = db.Size(ctx)
	check(t, err)
	equal(t, "keys", size.Keys, 1)
	equal(t, "name", orders.Name(), "orders")
}

func TestATransactionOverNamespaces(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	results, err := db.Namespace("orders").Txn().
		Set("k", []byte("more")).Namespace("3").Incr("k", 3).Namespace("default").Set("k", []byte("zero")).
		Namespace("").Get("k").Namespace("3").Get("k").Namespace("0").Command("GET", "k").Commit(ctx)
	check(t, err)
	equal(t, "in the client's", string(results[3].Value), "more")
	equal(t, "in 3", string(results[4].Value), "3")
	equal(t, "in the default one", results[5].Reply, any("zero"))
	equal(t, "increment", results[1].Int, 3)
}

func TestANameThatIsNoneIsInvalid(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	bad := db.Namespace("a b")
	_, err := bad.Register("k").Get(ctx)
	if !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a read: %v", err)
	}
	if _, err := bad.Txn().Get("k").Commit(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a transaction: %v", err)
	}
	if _, err := db.Txn().Namespace("16").Get("k").Commit(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("an operation of a transaction: %v", err)
	}
	if _, err := bad.Ping(ctx); err != nil {
		t.Errorf("a call that is of no namespace: %v", err)
	}
	if _, err := bad.Do(ctx, &pb.Operation{}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("no operation: %v", err)
	}
}

// A call of a namespace waits there: what is put under the same key of another wakes nobody.
func TestAWaitIsOfItsNamespace(t *testing.T) {
	s, a := waitingServer(t)
	ctx, db := t.Context(), s.Dial(t)
	got := make(chan string, 1)
	go func() {
		_, values, err := db.Namespace("orders").PopAny(ctx, time.Minute, client.Front, 1, "queue")
		got <- fmt.Sprint(values, err)
	}()
	a.begun(t, 1)
	_, err := db.List("queue").PushBack(ctx, "of nobody's")
	check(t, err)
	_, err = db.Namespace("orders").List("queue").PushBack(ctx, "an order")
	check(t, err)
	equal(t, "popped", <-got, fmt.Sprint([]string{"an order"}, nil))
	n, err := db.List("queue").Len(ctx)
	check(t, err)
	equal(t, "left in the other", n, 1)
}
