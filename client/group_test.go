package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func at(ms uint64) client.StreamID { return client.StreamID{Ms: ms} }

// fill adds entries with the ids from 1 to n.
func fill(t *testing.T, s *client.Stream, from, n uint64) {
	t.Helper()
	for ms := from; ms <= n; ms++ {
		_, err := s.AddEntry(t.Context(), client.NewEntry{ID: at(ms), Fields: []client.Field{field("n", fmt.Sprint(ms))}})
		check(t, err)
	}
}

func TestGroup(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	s := db.Stream("s")
	g := s.Group("g")
	equal(t, "there is no stream", errors.Is(g.CreateExisting(ctx, client.GroupStart{}), client.ErrNotFound), true)
	_, err := s.Groups(ctx)
	equal(t, "of no stream", errors.Is(err, client.ErrNotFound), true)
	check(t, g.Create(ctx, client.GroupStart{}))
	equal(t, "there is a group", errors.Is(g.Create(ctx, client.GroupStart{}), client.ErrGroupExists), true)
	_, err = s.Group("none").Next(ctx, 0, "c", 0)
	equal(t, "no group", errors.Is(err, client.ErrNotFound), true)
	check(t, db.Register("string").Set(ctx, []byte("v")))
	equal(t, "no stream", errors.Is(db.Stream("string").Group("g").Create(ctx, client.GroupStart{}), client.ErrWrongType), true)
	fill(t, s, 1, 6)
	list := func(entries []client.Entry, err error) string {
		t.Helper()
		check(t, err)
		return shown(entries)
	}
	equal(t, "next", list(g.Next(ctx, 0, "c", 2)), "1-0 n=1;2-0 n=2;")
	equal(t, "next of another", list(g.Next(ctx, time.Minute, "d", 1)), "3-0 n=3;")
	equal(t, "next, without acknowledgement", list(g.NextDone(ctx, 0, "d", 1)), "4-0 n=4;")
	equal(t, "what one had", list(g.Had(ctx, "c", at(1), 0)), "2-0 n=2;")
	sum, err := g.PendingSummary(ctx)
	check(t, err)
	equal(t, "pending", fmt.Sprint(sum), "{3 1-0 3-0 [{c 2 0s} {d 1 0s}]}")
	n, err := g.Ack(ctx, at(1), at(9))
	check(t, err)
	equal(t, "acknowledged", n, 1)
	pending := func(r client.PendingRange) (text string) {
		t.Helper()
		list, err := g.Pending(ctx, r)
		check(t, err)
		for _, p := range list {
			text += fmt.Sprintf("%v %s %d %v;", p.ID, p.Consumer, p.Times, p.Idle < time.Minute)
		}
		return text
	}
	equal(t, "listed", pending(client.PendingRange{}), "2-0 c 2 true;3-0 d 1 true;")
	equal(t, "of one", pending(client.PendingRange{Consumer: "d"}), "3-0 d 1 true;")
	equal(t, "up to", pending(client.PendingRange{Last: at(2)}), "2-0 c 2 true;")
	equal(t, "one", pending(client.PendingRange{First: at(1), Limit: 1}), "2-0 c 2 true;")
	equal(t, "for long", pending(client.PendingRange{Idle: time.Hour}), "")
	equal(t, "claimed", list(g.Claim(ctx, "e", 0, at(2), at(7))), "2-0 n=2;")
	equal(t, "not for long", list(g.Claim(ctx, "e", time.Hour, at(3))), "")
	_, err = s.Remove(ctx, at(3))
	check(t, err)
	claimed, err := g.ClaimIdle(ctx, "f", 0, client.StreamID{}, 1)
	check(t, err)
	equal(t, "claimed, for long", shown(claimed.Entries)+fmt.Sprint(claimed.Gone, claimed.Next), "2-0 n=2;[] 3-0")
	claimed, err = g.ClaimIdle(ctx, "f", 0, claimed.Next, 0)
	check(t, err)
	equal(t, "the rest", shown(claimed.Entries)+fmt.Sprint(claimed.Gone, claimed.Next), "[3-0] 0-0")
	made, err := g.CreateConsumer(ctx, "new")
	check(t, err)
	again, err := g.CreateConsumer(ctx, "new")
	check(t, err)
	equal(t, "made once", fmt.Sprint(made, again), "true false")
	consumers, err := g.Consumers(ctx)
	check(t, err)
	names := ""
	for _, c := range consumers {
		names += fmt.Sprintf("%s %d %v;", c.Name, c.Pending, c.Idle < time.Minute)
	}
	equal(t, "consumers", names, "c 0 true;d 0 true;e 0 true;f 1 true;new 0 true;")
	gone, err := g.DeleteConsumer(ctx, "f")
	check(t, err)
	equal(t, "deleted with", gone, 1)
	groups, err := s.Groups(ctx)
	check(t, err)
	equal(t, "groups", fmt.Sprint(groups), "[{g 4 0 4-0 4 2}]")
	check(t, g.Move(ctx, client.GroupStart{After: at(4), Read: 3, Known: true}))
	parts, err := db.ReadGroup(ctx, 0, client.GroupRead{Group: "g", Consumer: "c"}, "s")
	check(t, err)
	equal(t, "moved", parts[0].Key+" "+shown(parts[0].Entries), "s 5-0 n=5;6-0 n=6;")
	check(t, g.Move(ctx, client.GroupStart{FromNow: true}))
	equal(t, "nothing in time", list(g.Next(ctx, time.Millisecond, "c", 0)), "")
	was, err := g.Destroy(ctx)
	check(t, err)
	not, err := g.Destroy(ctx)
	check(t, err)
	equal(t, "destroyed once", fmt.Sprint(was, not), "true false")
	_, err = g.Ack(ctx)
	equal(t, "no ids", errors.Is(err, client.ErrInvalid), true)
}

// TestConsumersWait lets consumers of two groups wait for what another client writes; a third one's wait ends with its group.
func TestConsumersWait(t *testing.T) {
	s, a := waitingServer(t)
	ctx, db := t.Context(), s.Dial(t)
	stream := s.Dial(t).Stream("s")
	type result struct {
		name, entries string
		err           error
	}
	got := make(chan result)
	for i, name := range []string{"a", "b", "gone"} {
		g := db.Stream("s").Group(name)
		check(t, g.Create(ctx, client.GroupStart{}))
		go func() {
			entries, err := g.Next(ctx, client.ForEver, "c", 0)
			got <- result{name, shown(entries), err}
		}()
		a.begun(t, int64(i+1))
	}
	_, err := stream.Group("gone").Destroy(ctx)
	check(t, err)
	if r := <-got; r.name != "gone" || !errors.Is(r.err, client.ErrNotFound) {
		t.Errorf("who waits for a group that goes gets %+v", r)
	}
	fill(t, stream, 1, 1)
	for range 2 {
		if r := <-got; r.err != nil || r.entries != "1-0 n=1;" {
			t.Errorf("who waits gets %+v", r)
		}
	}
}

func TestFollow(t *testing.T) {
	s, a := waitingServer(t)
	db := s.Dial(t)
	stream := db.Stream("s")
	_, now, _, err := stream.ReadCursor(t.Context(), 0, client.FromNow, 0)
	check(t, err)
	fill(t, stream, 1, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	var kept client.StreamCursor
	for f, err := range stream.Follow(ctx, client.FromBegin) {
		if len(got) == 4 {
			equal(t, "the end", errors.Is(err, context.Canceled), true)
			break
		}
		check(t, err)
		if got = append(got, f.ID.String()); f.Cursor != "" {
			kept = f.Cursor
		}
		switch len(got) {
		case 2:
			go func() { a.begun(t, 1); fill(t, s.Dial(t).Stream("s"), 3, 3) }()
		case 3:
			fill(t, stream, 4, 4)
		case 4:
			go func() { a.begun(t, 2); cancel() }()
		}
	}
	equal(t, "followed", fmt.Sprint(got), "[1-0 2-0 3-0 4-0]")
	fill(t, stream, 5, 5)
	entries, next, more, err := stream.ReadCursor(t.Context(), 0, kept, 0)
	check(t, err)
	equal(t, "from the cursor that was kept", shown(entries), "5-0 n=5;")
	equal(t, "more", more, false)
	entries, same, _, err := stream.ReadCursor(t.Context(), time.Millisecond, next, 0)
	check(t, err)
	equal(t, "nothing in time", fmt.Sprint(shown(entries), same != ""), "true")
	entries, _, more, err = stream.ReadCursor(t.Context(), 0, now, 2)
	check(t, err)
	equal(t, "from then on", shown(entries)+fmt.Sprint(more), "1-0 n=1;2-0 n=2;true")
	for _, bad := range []client.StreamCursor{"x", next + "x", client.StreamCursor(next[1:])} {
		_, _, _, err := stream.ReadCursor(t.Context(), 0, bad, 0)
		equal(t, "no cursor", errors.Is(err, client.ErrInvalid), true)
	}
	_, _, _, err = db.Stream("t").ReadCursor(t.Context(), 0, next, 0)
	equal(t, "a cursor of another stream", errors.Is(err, client.ErrInvalid), true)
	_, _, _, err = db.Namespace("other").Stream("s").ReadCursor(t.Context(), 0, next, 0)
	equal(t, "a cursor of another namespace", errors.Is(err, client.ErrInvalid), true)
}
