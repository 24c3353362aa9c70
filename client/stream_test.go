package client_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func field(name, value string) client.Field { return client.Field{Name: name, Value: []byte(value)} }

// shown writes entries in one line.
func shown(entries []client.Entry) (text string) {
	for _, e := range entries {
		text += e.ID.String()
		for _, f := range e.Fields {
			text += fmt.Sprintf(" %s=%s", f.Name, f.Value)
		}
		text += ";"
	}
	return text
}

func TestStream(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	s := db.Stream("s")
	list := func(entries []client.Entry, err error) string {
		t.Helper()
		check(t, err)
		return shown(entries)
	}
	count := func(n int64, err error) int64 {
		t.Helper()
		check(t, err)
		return n
	}
	_, err := s.AddEntry(ctx, client.NewEntry{Fields: []client.Field{field("f", "")}, Existing: true})
	equal(t, "nothing is made", errors.Is(err, client.ErrNotFound), true)
	for i := range 4 {
		id, err := s.AddEntry(ctx, client.NewEntry{ID: client.StreamID{Ms: 5, Seq: uint64(i + 1)}, Fields: []client.Field{field("n", fmt.Sprint(i)), field("n", "")}})
		check(t, err)
		equal(t, "the id", id.String(), fmt.Sprintf("5-%d", i+1))
	}
	equal(t, "all", list(s.Range(ctx, client.StreamID{}, client.LastStreamID, 0)), "5-1 n=0 n=;5-2 n=1 n=;5-3 n=2 n=;5-4 n=3 n=;")
	equal(t, "some", list(s.Range(ctx, client.StreamID{Ms: 5, Seq: 2}, client.StreamID{Ms: 5, Seq: 3}, 0)), "5-2 n=1 n=;5-3 n=2 n=;")
	equal(t, "one", list(s.Range(ctx, client.StreamID{Ms: 5, Seq: 2}, client.LastStreamID, 1)), "5-2 n=1 n=;")
	equal(t, "the last two", list(s.RangeBack(ctx, client.StreamID{}, client.LastStreamID, 2)), "5-4 n=3 n=;5-3 n=2 n=;")
	equal(t, "what follows", list(s.Read(ctx, client.StreamID{Ms: 5, Seq: 3}, 0)), "5-4 n=3 n=;")
	equal(t, "nothing follows", list(s.Read(ctx, client.StreamID{Ms: 5, Seq: 4}, 0)), "")
	equal(t, "removed", count(s.Remove(ctx, client.StreamID{Ms: 5, Seq: 4}, client.StreamID{Ms: 9, Seq: 9})), 1)
	equal(t, "trimmed, all that are left", count(s.Trim(ctx, client.KeepLast(0).About(0))), 3)
	info, err := s.Info(ctx)
	check(t, err)
	equal(t, "of an empty one", fmt.Sprint(info.Length, info.Last, info.Added, info.Deleted, info.First, info.Final), "0 5-4 4 5-4 <nil> <nil>")
	id, err := s.Add(ctx, field("f", "v"))
	check(t, err)
	equal(t, "the id is of now", id.Ms > uint64(time.Now().Add(-time.Minute).UnixMilli()), true)
	check(t, s.SetMark(ctx, client.StreamMark{Last: client.LastStreamID, Added: 77, Deleted: client.StreamID{Ms: 8, Seq: 8}}))
	info, err = s.Info(ctx)
	check(t, err)
	equal(t, "as set", fmt.Sprint(info.Length, info.Last, info.Added, info.Deleted), fmt.Sprint(int64(1), client.LastStreamID, int64(77), client.StreamID{Ms: 8, Seq: 8}))
	equal(t, "its entry", shown([]client.Entry{*info.First, *info.Final}), fmt.Sprintf("%[1]s f=v;%[1]s f=v;", id))
	deleted, err := s.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, true)
	equal(t, "entries", count(s.Len(ctx)), 0)
}

func TestStreamsAreReadTogether(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	results, err := db.Txn().
		XAdd("a", client.NewEntry{ID: client.StreamID{Ms: 1, Seq: 1}, Fields: []client.Field{field("f", "1")}}).
		XAdd("b", client.NewEntry{ID: client.StreamID{Ms: 2, Seq: 2}, Fields: []client.Field{field("f", "2")}, Trim: client.KeepFrom(client.StreamID{Ms: 2, Seq: 0})}).
		XAdd("c", client.NewEntry{ID: client.StreamID{Ms: 3, Seq: 3}, Fields: []client.Field{field("f", "3")}, Existing: true}).Commit(ctx)
	check(t, err)
	equal(t, "results", fmt.Sprint(results[0].ID, results[1].ID, results[2].Found), "1-1 2-2 false")
	parts, err := db.ReadStreams(ctx, 0, client.StreamPlace{Key: "b"}, client.StreamPlace{Key: "none"}, client.StreamPlace{Key: "a"}, client.StreamPlace{Key: "a", FromNow: true})
	check(t, err)
	text := ""
	for _, p := range parts {
		text += p.Key + ": " + shown(p.Entries) + " "
	}
	equal(t, "read", text, "b: 2-2 f=2; a: 1-1 f=1; ")
}

func TestWhatAStreamRefuses(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	s := db.Stream("s")
	one := []client.Field{field("f", "v")}
	_, err := s.AddEntry(ctx, client.NewEntry{ID: client.StreamID{Ms: 5, Seq: 5}, Fields: one})
	check(t, err)
	check(t, db.Register("text").Set(ctx, []byte("v")))
	for _, c := range []struct {
		what string
		do   func() error
		want error
	}{
		{"an id that does not follow", func() error {
			_, err := s.AddEntry(ctx, client.NewEntry{ID: client.StreamID{Ms: 5, Seq: 5}, Fields: one})
			return err
		}, client.ErrInvalid},
		{"no fields", func() error { _, err := s.Add(ctx); return err }, client.ErrInvalid},
		{"no ids", func() error { _, err := s.Remove(ctx); return err }, client.ErrInvalid},
		{"no way to trim", func() error { _, err := s.Trim(ctx, client.Trim{}); return err }, client.ErrInvalid},
		{"no stream to read", func() error { _, err := db.ReadStreams(ctx, 0); return err }, client.ErrInvalid},
		{"a last id below an entry", func() error { return s.SetMark(ctx, client.StreamMark{Last: client.StreamID{Ms: 5, Seq: 4}, Added: 1}) }, client.ErrInvalid},
		{"fewer added than there are", func() error { return s.SetMark(ctx, client.StreamMark{Last: client.StreamID{Ms: 6, Seq: 0}}) }, client.ErrInvalid},
		{"a last id below the deleted one", func() error {
			return s.SetMark(ctx, client.StreamMark{Last: client.StreamID{Ms: 6, Seq: 0}, Added: 1, Deleted: client.StreamID{Ms: 7, Seq: 0}})
		}, client.ErrInvalid},
		{"a mark of nothing", func() error {
			return db.Stream("none").SetMark(ctx, client.StreamMark{Last: client.StreamID{Ms: 5, Seq: 4}})
		}, client.ErrNotFound},
		{"about nothing", func() error { _, err := db.Stream("none").Info(ctx); return err }, client.ErrNotFound},
		{"a string", func() error { _, err := db.Stream("text").Add(ctx, one...); return err }, client.ErrWrongType},
		{"an id that is none", func() error { _, err := client.ParseStreamID("5-x"); return err }, client.ErrInvalid},
		{"half an id", func() error { _, err := client.ParseStreamID("5"); return err }, client.ErrInvalid},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	id, err := client.ParseStreamID("18446744073709551615-0")
	check(t, err)
	equal(t, "read back", id.String(), "18446744073709551615-0")
}
