package keyspace

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"

	"pgregory.net/rapid"
)

func TestSlotsAreThoseOfRedisCluster(t *testing.T) {
	for key, want := range map[string]uint16{
		"123456789":            0x31C3, // the check value of CRC-16/XMODEM
		"foo":                  12182,
		"bar":                  5061,
		"hello":                866,
		"":                     0,
		"{foo}":                12182,
		"user:{foo}.following": 12182,
		"{foo}{bar}":           12182,
		"zap{foo}{":            12182,
		"{user1000}.following": SlotOf([]byte("user1000")),
		"foo{{bar}}zap":        SlotOf([]byte("{bar")),
		"foo{}{bar}":           slotOfWhole("foo{}{bar}"), // an empty tag is none
		"foo{bar":              slotOfWhole("foo{bar"),
		"}foo{":                slotOfWhole("}foo{"),
	} {
		if got := SlotOf([]byte(key)); got != want {
			t.Errorf("slot of %q is %d, want %d", key, got, want)
		}
	}
}

// slotOfWhole hashes bit by bit, without tags or tables.
func slotOfWhole(key string) uint16 {
	var crc uint16
	for _, c := range []byte(key) {
		crc ^= uint16(c) << 8
		for range 8 {
			top := crc >> 15
			crc <<= 1
			crc ^= 0x1021 * top
		}
	}
	return crc % Slots
}

func drawKey(t *rapid.T, label string) []byte {
	return rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0x30, 'a', '{', '}', 0xfe, 0xff}), 0, 6).Draw(t, label)
}

func TestCellKeysKeepOrderAndRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawKey(t, "a"), drawKey(t, "b")
		m := drawKey(t, "member")
		for _, cell := range [][]byte{headerKey(7, a), countKey(7, a, crdt.TypeSet), countKey(7, a, crdt.TypeHash), memberKey(7, a, m), fieldKey(7, a, crdt.TypeHash, m), fieldKey(7, a, crdt.TypeZSet, m), indexKey(7, a, 1.5, m), sweepKey(7, a), sweepFieldKey(7, a, crdt.TypeZSet, m)} {
			slot, key, rest, err := splitKey(cell)
			if err != nil || slot != SlotOf(a) || !bytes.Equal(key, a) {
				t.Fatalf("%x of %q splits into %d %q %x: %v", cell, a, slot, key, rest, err)
			}
		}
		ea, eb := append(appendEscaped(nil, a), 0, 1), append(appendEscaped(nil, b), 0, 1)
		if bytes.Compare(ea, eb) != bytes.Compare(a, b) {
			t.Fatalf("%q and %q sort as %x and %x", a, b, ea, eb)
		}
		for kind, other := range map[byte]byte{kindMember: kindField, kindField: kindMember, kindScore: kindIndex, kindIndex: kindScore} {
			lo, hi := elementRange(7, a, kind, m)
			cell := append(append(keyPrefix(store.SpaceData, 7, a), kind), append(bytes.Clone(m), 'z')...)
			if bytes.Compare(lo, cell) > 0 || bytes.Compare(cell, hi) >= 0 || bytes.Compare(hi, afterKey(7, a)) >= 0 {
				t.Fatalf("%x is not in %x…%x", cell, lo, hi)
			}
			apart := append(keyPrefix(store.SpaceData, 7, a), other)
			for _, own := range [][]byte{headerKey(7, a), countKey(7, a, crdt.TypeSet), countKey(7, a, crdt.TypeHash), countKey(7, a, crdt.TypeZSet), apart} {
				if bytes.Compare(own, lo) >= 0 && bytes.Compare(own, hi) < 0 {
					t.Fatalf("%x lies among the elements", own)
				}
			}
		}
	})
}

func TestSplitKeyRefuses(t *testing.T) {
	good := headerKey(1, []byte("k"))
	for name, cell := range map[string][]byte{
		"nothing":           nil,
		"a prefix only":     good[:slotPrefixBytes],
		"no end of the key": good[:len(good)-3],
		"half an end":       good[:len(good)-2],
		"an unknown escape": append(bytes.Clone(good[:len(good)-2]), 7, 0),
	} {
		if _, key, _, err := splitKey(cell); err == nil {
			t.Errorf("%s: read as %q", name, key)
		}
	}
}

func TestSlotRangesTouch(t *testing.T) {
	_, hi := slotRange(store.SpaceData, 3, Slots-1)
	lo, _ := slotRange(store.SpaceData, 3, 5)
	_, before := slotRange(store.SpaceData, 3, 4)
	if !bytes.Equal(lo, before) || binary.BigEndian.Uint16(hi[5:]) != Slots {
		t.Fatalf("%x %x %x", before, lo, hi)
	}
}

func FuzzSplitKey(f *testing.F) {
	f.Add(memberKey(1, []byte("a\x00b"), []byte("m")))
	f.Fuzz(func(t *testing.T, cell []byte) {
		_, key, rest, err := splitKey(cell)
		if err == nil && !bytes.Equal(append(append(appendEscaped(bytes.Clone(cell[:slotPrefixBytes]), key), 0, 1), rest...), cell) {
			t.Fatalf("%x reads as %q and %x", cell, key, rest)
		}
	})
}
