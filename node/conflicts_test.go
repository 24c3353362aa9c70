package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/atollkv/atoll/client"
)

// TestConflictsAreTold writes one key in two regions that do not hear each other. Each then tells of the value that is not
// shown: over the protocol of Redis, over gRPC and as a metric.
func TestConflictsAreTold(t *testing.T) {
	nodes := trio(t)
	conns := map[string]*redis.Client{}
	for _, n := range nodes {
		c := redis.NewClient(&redis.Options{Addr: n.cfg.RESP.Listen, Protocol: 2, MaxRetries: -1, ReadTimeout: time.Minute})
		t.Cleanup(func() { _ = c.Close() })
		conns[n.cfg.Region] = c
	}
	if got := fmt.Sprint(conns["us"].Do(t.Context(), "ATOLL.CONFLICTS").Val()); got != "[total 0 missed 0 conflicts []]" {
		t.Errorf("before any: %s", got)
	}
	cutAll(nodes)
	for _, c := range []struct{ region, value string }{{"us", "first"}, {"eu", "second"}} {
		if err := conns[c.region].HSet(t.Context(), "h", "f", c.value).Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // each stamp is greater than the one before
	}
	delivery{region: 2}.heal(t, nodes)
	for _, n := range nodes {
		list, err := conns[n.cfg.Region].Do(t.Context(), "ATOLL.CONFLICTS", "COUNT", 5).Slice()
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(list)
		for _, want := range []string{"total 1 missed 0", "type hash key h cell f winner [region eu ", "loser [region us ", "value first size 5]"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s tells %s, want %s", n.cfg.Region, text, want)
			}
		}
		first := list[5].([]any)[0].([]any)[1].(int64)
		if got := fmt.Sprint(conns[n.cfg.Region].Do(t.Context(), "ATOLL.CONFLICTS", "AFTER", first).Val()); got != "[total 1 missed 0 conflicts []]" {
			t.Errorf("after it: %s", got)
		}
		ofClient(t, n)
		text = fmt.Sprint(conns[n.cfg.Region].Do(t.Context(), "ATOLL.HISTORY", "h").Val())
		eu, us := strings.Index(text, "[region eu "), strings.Index(text, "[region us ")
		here := strings.Contains(text, "here 1 effects [1 field set]")
		if eu < 0 || us < eu || here != (n.cfg.Region != "ap") || !strings.Contains(text, "here 0 effects [1 field set]") || !strings.Contains(text, "looked-to 0 reach [[region ") {
			t.Errorf("the history in %s is %s", n.cfg.Region, text)
		}
	}
	for _, bad := range [][]any{{"COUNT", 0}, {"COUNT", 1001}, {"COUNT"}, {"AFTER", 0}, {"AFTER", "x"}, {"FOO", 1}} {
		if err := conns["us"].Do(t.Context(), append([]any{"ATOLL.CONFLICTS"}, bad...)...).Err(); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func ofClient(t *testing.T, n *running) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, n.cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Conflicts(ctx, 0, 0)
	if err != nil || got.Total != 1 || len(got.List) != 1 || got.List[0].Loser.Region != "us" || string(got.List[0].Value) != "first" || string(got.List[0].Cell) != "f" {
		t.Errorf("the client is told %+v, %v", got, err)
	}
	if _, err := c.Conflicts(ctx, 0, 1001); err == nil {
		t.Error("1,001 are taken")
	}
	if n.shard.Conflicts() != 1 {
		t.Errorf("the metric says %d", n.shard.Conflicts())
	}
}
