package node

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestReadersOfAStreamWaitForAnotherRegion lets two readers wait in one region for what is added in the other, each
// from another entry on.
func TestReadersOfAStreamWaitForAnotherRegion(t *testing.T) {
	us, eu := twoRegions(t)
	writing, ctx := us.client(t), t.Context()
	blocked := func(n int) func() bool {
		return func() bool {
			list, err := eu.client(t).Do(ctx, "CLIENT", "LIST").Text()
			return err == nil && strings.Count(list, " flags=b ") == n
		}
	}
	first := writing.XAdd(ctx, &redis.XAddArgs{Stream: "s", Values: []string{"n", "1"}}).Val()
	reading := eu.client(t)
	eventually(t, "the stream is there", func() bool { return reading.XLen(ctx, "s").Val() == 1 })
	got := make(chan []redis.XStream, 2)
	for i, from := range []string{"$", first} {
		client := eu.client(t)
		go func() {
			list, _ := client.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", from}, Block: 0}).Result()
			got <- list
		}()
		eventually(t, "it waits", blocked(i+1))
	}
	second := writing.XAdd(ctx, &redis.XAddArgs{Stream: "s", Values: []string{"n", "2"}}).Val()
	for range 2 {
		if list := <-got; len(list) != 1 || len(list[0].Messages) != 1 || list[0].Messages[0].ID != second || list[0].Messages[0].Values["n"] != "2" {
			t.Errorf("a reader got %v", list)
		}
	}
	all, err := reading.XRange(ctx, "s", "-", "+").Result()
	if err != nil || len(all) != 2 || all[0].ID != first || all[1].ID != second {
		t.Errorf("the stream: %v %v", all, err)
	}
	info, err := reading.XInfoStream(ctx, "s").Result()
	if err != nil || info.Length != 2 || info.LastGeneratedID != second || info.EntriesAdded != 2 {
		t.Errorf("about it: %+v %v", info, err)
	}
}
