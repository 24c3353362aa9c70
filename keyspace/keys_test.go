package keyspace

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
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

func drawSpace(t *rapid.T) namespace.Name {
	return rapid.SampledFrom([]namespace.Name{namespace.Default, "1", "15", "a", "orders"}).Draw(t, "namespace")
}

func TestCellKeysKeepOrderAndRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user, b := drawKey(t, "a"), drawKey(t, "b")
		m := drawKey(t, "member")
		a := drawSpace(t).Key(user)
		for _, cell := range [][]byte{headerKey(a), countKey(a, crdt.TypeSet), countKey(a, crdt.TypeHash), memberKey(a, m), fieldKey(a, crdt.TypeHash, m), fieldKey(a, crdt.TypeZSet, m), indexKey(a, 1.5, m), sweepKey(a), sweepFieldKey(a, crdt.TypeZSet, m)} {
			slot, key, rest, err := splitKey(cell)
			if err != nil || slot != SlotOf(user) || !bytes.Equal(key, a) {
				t.Fatalf("%x of %q splits into %d %q %x: %v", cell, a, slot, key, rest, err)
			}
		}
		ea, eb := append(appendEscaped(nil, user), 0, 1), append(appendEscaped(nil, b), 0, 1)
		if bytes.Compare(ea, eb) != bytes.Compare(user, b) {
			t.Fatalf("%q and %q sort as %x and %x", user, b, ea, eb)
		}
		for kind, other := range map[byte]byte{kindMember: kindField, kindField: kindMember, kindScore: kindIndex, kindIndex: kindScore} {
			lo, hi := elementRange(a, kind, m)
			cell := append(append(keyPrefix(store.SpaceData, a), kind), append(bytes.Clone(m), 'z')...)
			if bytes.Compare(lo, cell) > 0 || bytes.Compare(cell, hi) >= 0 || bytes.Compare(hi, afterKey(a)) >= 0 {
				t.Fatalf("%x is not in %x…%x", cell, lo, hi)
			}
			apart := append(keyPrefix(store.SpaceData, a), other)
			for _, own := range [][]byte{headerKey(a), countKey(a, crdt.TypeSet), countKey(a, crdt.TypeHash), countKey(a, crdt.TypeZSet), apart} {
				if bytes.Compare(own, lo) >= 0 && bytes.Compare(own, hi) < 0 {
					t.Fatalf("%x lies among the elements", own)
				}
			}
		}
	})
}

func TestSplitKeyRefuses(t *testing.T) {
	good, named := headerKey([]byte("k")), headerKey(namespace.Name("orders").Key([]byte("k")))
	changed := func(cell []byte, at int, to byte) []byte {
		cell = bytes.Clone(cell)
		cell[at] = to
		return cell
	}
	for name, cell := range map[string][]byte{
		"nothing":                 nil,
		"a prefix only":           good[:slotAtDefault+2],
		"no end of the key":       good[:len(good)-3],
		"half an end":             good[:len(good)-2],
		"an unknown escape":       append(bytes.Clone(good[:len(good)-2]), 7, 0),
		"an unknown namespace":    changed(good, 4, 2),
		"a great namespace":       changed(good, 1, 1),
		"half a name":             named[:nameAt+3],
		"a name without slot":     named[:nameAt+6],
		"a prefix with name":      named[:nameAt+8],
		"a name of no byte":       changed(named, nameAt-1, 0),
		"a name that is too long": changed(named, nameAt-1, 200),
		"a bad name":              changed(named, nameAt+2, ' '),
	} {
		if _, key, _, err := splitKey(cell); err == nil {
			t.Errorf("%s: read as %q", name, key)
		}
	}
}

func TestSlotRangesTouch(t *testing.T) {
	for _, name := range []string{"", "orders"} {
		_, hi := slotRange(store.SpaceData, []byte(name), 5, Slots-1)
		lo, _ := slotRange(store.SpaceData, []byte(name), 5, 5)
		_, before := slotRange(store.SpaceData, []byte(name), 3, 4)
		if !bytes.Equal(lo, before) || binary.BigEndian.Uint16(hi[slotAt(hi):]) != Slots {
			t.Fatalf("%x %x %x", before, lo, hi)
		}
	}
}

// Cells of the default namespace are as they were when there was no other: docs/formats/keys.md.
func TestCellKeysAreThoseOfTheFormat(t *testing.T) {
	for _, c := range []struct {
		space     namespace.Name
		key, want string
	}{
		{namespace.Default, "k", "10 00000000 1dcd 6b 0001 30 6d"},
		{namespace.Default, "\xffk", "10 00000000 1e32 ff6b 0001 30 6d"},
		{"orders", "k", "10 00000001 06 6f7264657273 1dcd 6b 0001 30 6d"},
		{"3", "k", "10 00000001 01 33 1dcd 6b 0001 30 6d"},
	} {
		want := strings.ReplaceAll(c.want, " ", "")
		if got := hex.EncodeToString(memberKey(c.space.Key([]byte(c.key)), []byte("m"))); got != want {
			t.Errorf("%q in %v: %s, want %s", c.key, c.space, got, want)
		}
	}
}

func FuzzSplitKey(f *testing.F) {
	f.Add(memberKey([]byte("a\x00b"), []byte("m")))
	f.Add(memberKey([]byte("\xff\x06orders\x00b"), []byte("m")))
	f.Add(memberKey(namespace.Default.Key([]byte("\xff\x06orders\x00b")), []byte("m")))
	f.Fuzz(func(t *testing.T, cell []byte) {
		slot, key, rest, err := splitKey(cell)
		if err != nil {
			return
		}
		name, user := namespace.Cut(key)
		again := slotPrefix(cell[0], name, slot)
		if !namespace.Check(key) || !bytes.Equal(append(append(appendEscaped(again, user), 0, 1), rest...), cell) {
			t.Fatalf("%x reads as %q and %x", cell, key, rest)
		}
	})
}
