package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestFieldsEnd(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	h := db.Hash("h")
	hour := client.EndsIn(time.Hour)
	if set, err := h.Expire(ctx, "f", hour); err != nil || set {
		t.Fatalf("a field of nothing: %v %v", set, err)
	}
	_, err := h.SetAll(ctx, map[string][]byte{"f": []byte("1"), "g": []byte("2"), "i": []byte("3")})
	check(t, err)
	set, err := h.ExpireSome(ctx, []string{"f", "none", "g"}, hour)
	check(t, err)
	equal(t, "set", fmt.Sprint(set), "[f g]")
	later, err := h.Expire(ctx, "f", client.EndsIn(time.Minute), client.IfLater)
	check(t, err)
	equal(t, "a sooner one, if it is later", later, false)
	left, ends, err := h.TTL(ctx, "f")
	check(t, err)
	equal(t, "an hour", ends && left > 59*time.Minute && left <= time.Hour, true)
	_, ends, err = h.TTL(ctx, "i")
	check(t, err)
	equal(t, "ends", ends, false)
	if _, _, err := h.TTL(ctx, "none"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the time of nothing: %v", err)
	}
	lasting, err := h.Persist(ctx, "f", "i", "none")
	check(t, err)
	equal(t, "lasting", fmt.Sprint(lasting), "[f]")
	found, err := h.GetEx(ctx, hour, "f", "none")
	check(t, err)
	equal(t, "found", fmt.Sprintf("%s", found), "map[f:1]")
	_, ends, err = h.TTL(ctx, "f")
	check(t, err)
	equal(t, "ends", ends, true)
	_, err = h.GetPersist(ctx, "f")
	check(t, err)
	_, ends, err = h.TTL(ctx, "f")
	check(t, err)
	equal(t, "ends", ends, false)
	done, err := h.SetEx(ctx, map[string][]byte{"f": []byte("4"), "x": nil}, hour, client.IfAllAbsent)
	check(t, err)
	equal(t, "set where one is there", done, false)
	done, err = h.SetEx(ctx, map[string][]byte{"x": []byte("5"), "y": nil}, client.EndsAt(time.Now().Add(time.Hour)), client.IfAllAbsent)
	check(t, err)
	equal(t, "set", done, true)
	taken, err := h.GetDel(ctx, "x", "none", "y")
	check(t, err)
	equal(t, "taken", fmt.Sprintf("%s", taken), "map[x:5 y:]")
	gone, err := h.Expire(ctx, "g", client.EndsIn(0))
	check(t, err)
	n, err := h.Len(ctx)
	check(t, err)
	equal(t, "deleted at once", gone && n == 2, true)
	for name, err := range map[string]error{
		"a time before 1970":     second(h.Expire(ctx, "f", client.EndsAt(time.UnixMilli(-1)))),
		"a time after all times": second(h.Expire(ctx, "f", client.EndsAt(time.UnixMilli(1<<46)))),
		"no time":                second(h.Expire(ctx, "f", client.Lifetime{})),
		"as before":              second(h.GetEx(ctx, client.EndsAsBefore(), "f")),
		"no fields":              second(h.GetDel(ctx)),
	} {
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestFieldsEndInATransaction(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	end := client.EndsIn(time.Hour)
	results, err := db.Txn().HSetEx("h", map[string][]byte{"f": nil}, end).HSet("h", "g", nil).HExpire("h", end, "g", "none").Commit(ctx)
	check(t, err)
	equal(t, "results", results[0].Found && results[2].Int == 1, true)
	for _, f := range []string{"f", "g"} {
		if _, ends, err := db.Hash("h").TTL(ctx, f); err != nil || !ends {
			t.Errorf("%s ends: %v %v", f, ends, err)
		}
	}
	names, err := collect(db.Hash("h").Names(ctx))
	check(t, err)
	equal(t, "names", len(names), 2)
}

func collect(seq func(func([]byte, error) bool)) (list []string, err error) {
	for x, e := range seq {
		if err = e; err == nil {
			list = append(list, string(x))
		}
	}
	slices.Sort(list)
	return list, err
}
