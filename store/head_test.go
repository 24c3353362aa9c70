package store

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// goldenHead is the example of docs/formats/keys.md.
const goldenHead = "01" + "0000000000000005" + "00000000deadbeef" + "018bcfe568000001" + "01" + "0000000000000022ac02"

func TestAHeadKeepsItsBytes(t *testing.T) {
	h := Head{
		Origin: 0x11, Seq: 5, Hash: 0xdeadbeef, Time: clock.MakeTimestamp(1_700_000_000_000, 1),
		Dep: clock.VectorOf(clock.Entry{Origin: 0x22, Seq: 300}),
	}
	if got := hex.EncodeToString(h.encode()); got != goldenHead {
		t.Fatalf("got %s", got)
	}
	got, err := decodeHead(0x11, h.encode())
	if err != nil || got.Origin != h.Origin || got.Seq != h.Seq || got.Hash != h.Hash || got.Time != h.Time || !got.Dep.Equal(h.Dep) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestAMalformedHeadIsRefused(t *testing.T) {
	good, err := hex.DecodeString(goldenHead)
	check(t, err)
	bad := map[string][]byte{"too long": append(append([]byte(nil), good...), 0)}
	for i := range good {
		bad["cut to "+hex.EncodeToString([]byte{byte(i)})] = good[:i]
	}
	bad["another version"] = append([]byte{2}, good[1:]...)
	bad["no sequence"] = append(append([]byte{1}, make([]byte, 8)...), good[9:]...)
	for name, b := range bad {
		if _, err := decodeHead(1, b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadsAreThoseOfTheirShardInOrder(t *testing.T) {
	db := mustOpen(t, Options{Dir: t.TempDir()})
	defer db.Close()
	const greatest = ^clock.Origin(0)
	for _, s := range []ShardID{0, 1, ^ShardID(0)} {
		c := &Commit{Shard: s}
		for _, o := range []clock.Origin{greatest, 1, 0x100} {
			c.Heads = append(c.Heads, Head{Origin: o, Seq: clock.Seq(s) + 1})
		}
		mustApply(t, db, c)
	}
	for _, s := range []ShardID{0, 1, ^ShardID(0)} {
		heads, err := db.Heads(s)
		if err != nil || len(heads) != 3 || heads[0].Origin != 1 || heads[1].Origin != 0x100 || heads[2].Origin != greatest || heads[2].Seq != clock.Seq(s)+1 {
			t.Errorf("shard %d: %v, %v", s, heads, err)
		}
	}
	if heads, err := db.Heads(2); err != nil || heads != nil {
		t.Errorf("a shard without heads: %v, %v", heads, err)
	}
}
