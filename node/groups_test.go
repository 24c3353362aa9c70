package node

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestConsumersWaitForAnotherRegion waits in one region for what is written in the other: of two consumers one gets it.
// The other one's wait ends when the group is destroyed, also there.
func TestConsumersWaitForAnotherRegion(t *testing.T) {
	us, eu := twoRegions(t)
	writing, reading, ctx := us.client(t), eu.client(t), t.Context()
	if err := writing.XGroupCreateMkStream(ctx, "s", "g", "$").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the group is there", func() bool { return len(reading.XInfoGroups(ctx, "s").Val()) == 1 })
	type result struct {
		list []redis.XStream
		err  error
	}
	got := make(chan result, 2)
	for i, name := range []string{"c", "d"} {
		client := eu.client(t)
		go func() {
			list, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: name, Streams: []string{"s", ">"}, Block: 0}).Result()
			got <- result{list, err}
		}()
		eventually(t, "it waits", func() bool {
			list, err := reading.Do(ctx, "CLIENT", "LIST").Text()
			return err == nil && strings.Count(list, " flags=b ") == i+1
		})
	}
	id := writing.XAdd(ctx, &redis.XAddArgs{Stream: "s", Values: []string{"n", "1"}}).Val()
	first := <-got
	if first.err != nil || len(first.list) != 1 || len(first.list[0].Messages) != 1 || first.list[0].Messages[0].ID != id {
		t.Fatalf("a consumer got %+v", first)
	}
	if n := reading.XPending(ctx, "s", "g").Val(); n == nil || n.Count != 1 || n.Lower != id {
		t.Errorf("pending is %+v", n)
	}
	if err := reading.Set(ctx, "read", "", 0).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was delivered is seen: else the group survives", func() bool { return writing.Exists(ctx, "read").Val() == 1 })
	if n := writing.XGroupDestroy(ctx, "s", "g").Val(); n != 1 {
		t.Errorf("destroyed %d", n)
	}
	if second := <-got; second.err == nil || !strings.HasPrefix(second.err.Error(), "NOGROUP") {
		t.Errorf("the other consumer got %+v", second)
	}
}

// TestAConsumerIsReplaced lets two consumers share the work; one dies with what it has, and the other takes that over. Then
// the work moves to the other region, which goes on where the first one was.
func TestAConsumerIsReplaced(t *testing.T) {
	us, eu := twoRegions(t)
	ctx, writing := t.Context(), us.client(t)
	dying, living := us.client(t), us.client(t)
	if err := writing.XGroupCreateMkStream(ctx, "jobs", "workers", "0").Err(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 10 {
		ids = append(ids, writing.XAdd(ctx, &redis.XAddArgs{Stream: "jobs", Values: []any{"n", i}}).Val())
	}
	read := func(c *redis.Client, who string, n int64) (got []string) {
		list, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "workers", Consumer: who, Streams: []string{"jobs", ">"}, Count: n, Block: -1}).Result()
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		for _, s := range list {
			for _, m := range s.Messages {
				got = append(got, m.ID)
			}
		}
		return got
	}
	lost := read(dying, "one", 3)
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	done := read(living, "two", 4)
	if n := living.XAck(ctx, "jobs", "workers", done...).Val(); n != 4 {
		t.Errorf("acknowledged %d", n)
	}
	taken, next, err := living.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "jobs", Group: "workers", Consumer: "two", MinIdle: 0, Start: "0", Count: 2}).Result()
	if err != nil || len(taken) != 2 || taken[0].ID != lost[0] || taken[1].ID != lost[1] || next != lost[2] {
		t.Fatalf("took %v, next %s (%v), of %v", taken, next, err, lost)
	}
	taken, next, err = living.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "jobs", Group: "workers", Consumer: "two", MinIdle: 0, Start: next, Count: 2}).Result()
	if err != nil || len(taken) != 1 || taken[0].ID != lost[2] || next != "0-0" {
		t.Fatalf("took %v, next %s (%v), of %v", taken, next, err, lost)
	}
	if n := living.XAck(ctx, "jobs", "workers", lost[0], lost[1]).Val(); n != 2 {
		t.Errorf("acknowledged %d", n)
	}
	pending, err := living.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "jobs", Group: "workers", Start: "-", End: "+", Count: 10}).Result()
	if err != nil || len(pending) != 1 || pending[0].ID != lost[2] || pending[0].Consumer != "two" || pending[0].RetryCount != 2 {
		t.Errorf("pending is %+v %v", pending, err)
	}
	if n := living.XGroupDelConsumer(ctx, "jobs", "workers", "one").Val(); n != 0 {
		t.Errorf("the dead consumer had %d", n)
	}
	there := eu.client(t)
	if err := writing.Set(ctx, "last", "", 0).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other region knows", func() bool { return there.Exists(ctx, "last").Val() == 1 })
	// What is pending in the first region is given, and what was never given.
	want := append([]string{lost[2]}, ids[7:]...)
	if got := read(there, "three", 0); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the other region gives %v, want %v", got, want)
	}
}
