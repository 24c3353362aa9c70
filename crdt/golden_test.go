package crdt

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// golden reads annotated hex: what follows a # on a line is for people.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for _, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tag(o clock.Origin, s clock.Seq, at clock.Timestamp) Tag {
	return Tag{clock.Dot{Origin: o, Seq: s}, at}
}

func dot(o clock.Origin, s clock.Seq) clock.Dot { return clock.Dot{Origin: o, Seq: s} }

func goldenHeader() Header {
	return Header{
		Register: Register{[]Sibling{{tag(0x22, 1, 9), []byte("10")}, {tag(0x11, 300, 8), []byte("a")}}},
		Counter: Counter{
			Shards: []Shard{{Origin: 0x11, Seq: 7, Time: 5, Base: 2, Total: TotalOf(-1)}, {Origin: 0x22, Seq: 2, Time: 6, Base: 1, Total: TotalOf(128)}},
			Floors: []Floor{{Origin: 0x11, Seq: 3, Total: TotalOf(4)}, {Origin: 0x33, Seq: 1, Total: Total{}, By: dot(0x22, 1)}},
		},
		Claims: []Claim{{TypeSet, tag(0x11, 4, 3)}},
		Hidden: clock.VectorOf(clock.Entry{Origin: 0x11, Seq: 3}),
	}
}

func goldenUpdate() Update {
	return Update{
		Declare: &Declaration{"eu", "n1"},
		Changes: []Change{
			{Key: []byte("a"), Clear: true, Floors: []Floor{{Origin: 0x22, Seq: 5, Total: TotalOf(300)}}, Assign: true, Value: []byte("v")},
			{Key: []byte("n"), Increment: &Increment{Base: 1, Total: TotalOf(-300), Delta: TotalOf(2)}},
			{Key: []byte("s"), Adds: [][]byte{[]byte("x"), []byte("yy")}, Removes: [][]byte{{}}},
			{Key: []byte("t"), Removes: [][]byte{[]byte("x")}, Unclaim: true},
		},
	}
}

func TestHeaderBytes(t *testing.T) {
	h, want := goldenHeader(), golden(t, "header.hex")
	if got := h.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	back, err := DecodeHeader(want)
	if err != nil || !bytes.Equal(back.Append(nil), want) {
		t.Fatalf("decoded %+v: %v", back, err)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		h, err := DecodeHeader(b)
		return h.Append(nil), err
	})
}

func TestMemberBytes(t *testing.T) {
	m, want := Member{[]clock.Dot{dot(0x11, 3), dot(0x22, 300)}}, golden(t, "member.hex")
	if got := m.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		m, err := DecodeMember(b)
		return m.Append(nil), err
	})
}

func TestUpdateBytes(t *testing.T) {
	u, want := goldenUpdate(), golden(t, "update.hex")
	if got := u.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		u, err := DecodeUpdate(b)
		return u.Append(nil), err
	})
}

// refusesDamage checks that good decodes to itself, and that what is cut, longer or
// changed in a byte is refused or is other canonical bytes.
func refusesDamage(t *testing.T, good []byte, again func([]byte) ([]byte, error)) {
	t.Helper()
	if got, err := again(good); err != nil || !bytes.Equal(got, good) {
		t.Fatalf("%x decodes to %x: %v", good, got, err)
	}
	for n := range good {
		if _, err := again(good[:n]); err == nil {
			t.Errorf("the first %d bytes decode", n)
		}
		for x := 1; x < 256; x++ {
			bad := bytes.Clone(good)
			bad[n] ^= byte(x)
			if got, err := again(bad); err == nil && !bytes.Equal(got, bad) {
				t.Errorf("%x decodes and encodes as %x", bad, got)
			}
		}
	}
	if _, err := again(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a byte too many decodes")
	}
}

func fuzz(f *testing.F, name string, again func([]byte) ([]byte, error)) {
	f.Add(golden(f, name))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := again(b); err == nil && !bytes.Equal(got, b) {
			t.Fatalf("%x encodes again as %x", b, got)
		}
	})
}

func FuzzDecodeHeader(f *testing.F) {
	fuzz(f, "header.hex", func(b []byte) ([]byte, error) {
		h, err := DecodeHeader(b)
		return h.Append(nil), err
	})
}

func FuzzDecodeMember(f *testing.F) {
	fuzz(f, "member.hex", func(b []byte) ([]byte, error) {
		m, err := DecodeMember(b)
		return m.Append(nil), err
	})
}

func FuzzDecodeUpdate(f *testing.F) {
	fuzz(f, "update.hex", func(b []byte) ([]byte, error) {
		u, err := DecodeUpdate(b)
		return u.Append(nil), err
	})
}
