package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

// example gives the examples a node; a program dials its own.
func example(run func(ctx context.Context, db *client.Client)) {
	var t exampleTB
	defer t.end()
	run(context.Background(), clienttest.NewServer(&t).Dial(&t))
}

// exampleTB stands in for the testing.TB that examples do not have.
type exampleTB struct{ cleanups []func() }

func (*exampleTB) Helper()                           {}
func (*exampleTB) Fatalf(format string, args ...any) { log.Printf(format, args...); runtime.Goexit() }
func (t *exampleTB) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }
func (t *exampleTB) end() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}

func ExampleDial() {
	var t exampleTB
	defer t.end()
	node := clienttest.NewServer(&t)
	ctx := context.Background()

	db, err := client.Dial(ctx, "atoll://"+node.Addr)
	if err != nil {
		log.Print(err)
		return
	}
	defer db.Close()
	pong, err := db.Ping(ctx)
	fmt.Println(pong.Region, pong.Node, err)
	// Output: test n1 <nil>
}

func ExampleClient_Register() {
	example(func(ctx context.Context, db *client.Client) {
		name := db.Register("user/7/name")
		if err := name.Set(ctx, []byte("Ada")); err != nil {
			log.Print(err)
			return
		}
		value, err := name.Get(ctx)
		fmt.Printf("%s %v\n", value, err)

		_, err = db.Register("user/8/name").Get(ctx)
		fmt.Println(errors.Is(err, client.ErrNotFound))
	})
	// Output:
	// Ada <nil>
	// true
}

func ExampleClient_Counter() {
	example(func(ctx context.Context, db *client.Client) {
		visits := db.Counter("visits")
		fmt.Println(visits.Incr(ctx, 10))
		fmt.Println(visits.Decr(ctx, 3))
		fmt.Println(visits.Get(ctx))
	})
	// Output:
	// 10 <nil>
	// 7 <nil>
	// 7 <nil>
}

func ExampleClient_Set() {
	example(func(ctx context.Context, db *client.Client) {
		tags := db.Set("article/1/tags")
		fmt.Println(tags.Add(ctx, "sea", "reef", "sea"))
		fmt.Println(tags.Contains(ctx, "reef"))
		for tag, err := range tags.Members(ctx) {
			if err != nil {
				log.Print(err)
				return
			}
			fmt.Printf("%s\n", tag)
		}
	})
	// Output:
	// 2 <nil>
	// true <nil>
	// reef
	// sea
}

func ExampleClient_Hash() {
	example(func(ctx context.Context, db *client.Client) {
		user := db.Hash("user/ada")
		fmt.Println(user.Set(ctx, "name", []byte("Ada Lovelace")))
		fmt.Println(user.Incr(ctx, "visits", 2))
		for field, err := range user.All(ctx) {
			if err != nil {
				log.Print(err)
				return
			}
			fmt.Printf("%s: %s\n", field.Name, field.Value)
		}
	})
	// Output:
	// true <nil>
	// 2 <nil>
	// name: Ada Lovelace
	// visits: 2
}

func ExampleClient_SortedSet() {
	example(func(ctx context.Context, db *client.Client) {
		board := db.SortedSet("board")
		fmt.Println(board.Add(ctx, client.Scored{Member: "ada", Score: 10}, client.Scored{Member: "bob", Score: 7}))
		fmt.Println(board.Incr(ctx, "bob", 4.5))
		fmt.Println(board.RangeReverse(ctx, 0, 2))
	})
	// Output:
	// 2 <nil>
	// 11.5 <nil>
	// [{bob 11.5} {ada 10}] <nil>
}

func ExampleClient_List() {
	example(func(ctx context.Context, db *client.Client) {
		tasks := db.List("tasks")
		fmt.Println(tasks.PushBack(ctx, "write", "test", "ship"))
		fmt.Println(tasks.Insert(ctx, client.Behind, "write", "read"))
		fmt.Println(tasks.PopFront(ctx, 1))
		fmt.Println(tasks.Range(ctx, 0, -1))
	})
	// Output:
	// 3 <nil>
	// 4 <nil>
	// [write] <nil>
	// [read test ship] <nil>
}

func ExampleStream_Group() {
	example(func(ctx context.Context, db *client.Client) {
		jobs := db.Stream("jobs")
		workers := jobs.Group("workers")
		if err := workers.Create(ctx, client.GroupStart{}); err != nil {
			log.Print(err)
			return
		}
		id, err := jobs.Add(ctx, client.Field{Name: "do", Value: []byte("wash")})
		if err != nil {
			log.Print(err)
			return
		}
		entries, err := workers.Next(ctx, client.ForEver, "one", 10)
		fmt.Println(len(entries), entries[0].ID == id, err)
		fmt.Println(workers.Ack(ctx, id))
	})
	// Output:
	// 1 true <nil>
	// 1 <nil>
}

func ExampleStream_Follow() {
	example(func(ctx context.Context, db *client.Client) {
		news := db.Stream("news")
		if _, err := news.Add(ctx, client.Field{Name: "title", Value: []byte("rain")}); err != nil {
			log.Print(err)
			return
		}
		var kept client.StreamCursor
		for e, err := range news.Follow(ctx, client.FromBegin) {
			if err != nil {
				log.Print(err)
				return
			}
			fmt.Printf("%s: %s\n", e.Fields[0].Name, e.Fields[0].Value)
			if e.Cursor != "" {
				kept = e.Cursor // goes on here, after a restart or at another node
				break
			}
		}
		fmt.Println(kept != "")
	})
	// Output:
	// title: rain
	// true
}

func ExampleClient_Txn() {
	example(func(ctx context.Context, db *client.Client) {
		results, err := db.Txn().
			Set("order/1", []byte("paid")).
			Incr("orders", 1).
			SAdd("open", "order/1").
			Commit(ctx)
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(results[1].Int, results[2].Int)
	})
	// Output: 1 1
}

func ExampleClient_Scan() {
	example(func(ctx context.Context, db *client.Client) {
		if err := db.Register("user/1").Set(ctx, nil); err != nil {
			log.Print(err)
			return
		}
		for key, err := range db.Scan(ctx, "user/") {
			fmt.Printf("%s %v\n", key, err)
		}
	})
	// Output: user/1 <nil>
}
