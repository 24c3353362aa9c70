package client_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestBits(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	b := db.Bits("b")
	set, err := b.Get(ctx, 9)
	check(t, err)
	equal(t, "a bit of nothing", set, false)
	set, err = b.Set(ctx, 9, true)
	check(t, err)
	equal(t, "before", set, false)
	results, err := db.Txn().SetBit("b", 9, true).SetBit("b", 16, true).Get("b").Commit(ctx)
	check(t, err)
	equal(t, "in a transaction", fmt.Sprintf("%t %t %x", results[0].Found, results[1].Found, results[2].Value), "true false 004080")
	set, err = b.Get(ctx, 9)
	check(t, err)
	equal(t, "after", set, true)
	for _, c := range []struct {
		name string
		in   []client.BitRange
		ones int64
		// The offsets of the first bit that is set and of the first that is not, -1 for none.
		one, zero int64
	}{
		{"everywhere", nil, 2, 9, 0},
		{"in the last two bytes", []client.BitRange{client.BytesFrom(-2)}, 2, 9, 8},
		{"in the first byte", []client.BitRange{client.Bytes(0, 0)}, 0, -1, 0},
		{"in a bit that is set", []client.BitRange{client.BitsBetween(9, 9)}, 1, 9, -1},
	} {
		n, err := b.Count(ctx, c.in...)
		check(t, err)
		equal(t, "ones "+c.name, n, c.ones)
		for _, first := range []struct {
			set  bool
			want int64
		}{{true, c.one}, {false, c.zero}} {
			n, err := b.First(ctx, first.set, c.in...)
			if first.want < 0 {
				if !errors.Is(err, client.ErrNotFound) {
					t.Errorf("%s: %d %v", c.name, n, err)
				}
				continue
			}
			check(t, err)
			equal(t, fmt.Sprintf("the first %t %s", first.set, c.name), n, first.want)
		}
	}
	if _, err := b.Set(ctx, 1<<40, true); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("a bit far away: %v", err)
	}
	check(t, func() error { _, err := db.Set("s").Add(ctx, "m"); return err }())
	if _, err := db.Bits("s").Get(ctx, 0); !errors.Is(err, client.ErrWrongType) {
		t.Errorf("a bit of a set: %v", err)
	}
}

func TestBitsCombine(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	check(t, db.Register("a").Set(ctx, []byte{0b1100, 0xff}))
	check(t, db.Register("b").Set(ctx, []byte{0b1010}))
	for _, c := range []struct {
		as   client.BitOperation
		from []string
		want string
	}{
		{client.BitAnd, []string{"a", "b"}, "0800"}, {client.BitOr, []string{"a", "b"}, "0eff"},
		{client.BitXor, []string{"a", "b"}, "06ff"}, {client.BitNot, []string{"b"}, "f5"},
	} {
		n, err := db.Bits("into").Combine(ctx, c.as, c.from...)
		check(t, err)
		value, err := db.Register("into").Get(ctx)
		check(t, err)
		equal(t, fmt.Sprint(c.as), fmt.Sprintf("%x", value), c.want)
		equal(t, "length", n, int64(len(value)))
	}
	for _, as := range []client.BitOperation{client.BitNot, 0, 9} {
		if _, err := db.Bits("into").Combine(ctx, as, "a", "b"); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%d of two strings: %v", as, err)
		}
	}
}

func TestBitField(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	small := client.BitInteger{Bits: 4, Offset: 4}
	signed := client.BitInteger{Bits: 64, Signed: true, Offset: 8}
	got, err := db.Bits("f").Field(ctx,
		small.Write(7, client.Wrap), small.Add(9, client.Fail), small.Add(9, client.Saturate), small.Add(2, client.Wrap), small.Read(),
		signed.Write(-5, client.Wrap), signed.Read())
	check(t, err)
	equal(t, "steps", fmt.Sprint(got), "[{0 false} {0 true} {15 false} {1 false} {1 false} {0 false} {-5 false}]")
	for name, step := range map[string]client.BitStep{
		"no bits": client.BitInteger{}.Read(), "64 without a sign": client.BitInteger{Bits: 64}.Read(), "unknown": small.Write(1, 7),
	} {
		if _, err := db.Bits("f").Field(ctx, step); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.Bits("f").Field(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("no steps: %v", err)
	}
}
