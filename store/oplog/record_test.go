package oplog

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/atollkv/atoll/clock"
)

func TestMalformedRecordsAreRefused(t *testing.T) {
	raw := func(change clock.VersionVector) []byte { return appendRecord(nil, 1, change, []byte("body")) }
	dep := entry(0x22, 5)
	cases := map[string][]byte{
		"no stamp":                  appendRecord(nil, 0, clock.VersionVector{}, nil),
		"shorter than a stamp":      {3, 1, 2, 3},
		"no context":                append([]byte{8}, make([]byte, 8)...),
		"context does not rise":     raw(entry(0x22, 5)),
		"context falls":             raw(entry(0x22, 4)),
		"context with no sequence":  append(binary.BigEndian.AppendUint64([]byte{18}, 1), 1, 0, 0, 0, 0, 0, 0, 0, 9, 0),
		"context longer than it is": append(binary.BigEndian.AppendUint64([]byte{9}, 1), 1),
	}
	for name, b := range cases {
		if _, err := parseRecord(b, 1, dep); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rec, err := parseRecord(raw(entry(0x22, 6)), 9, dep)
	if err != nil || rec.Dep.Get(0x22) != 6 || string(rec.Body) != "body" || rec.Seq != 9 || dep.Get(0x22) != 5 {
		t.Errorf("a good record: %+v, %v; context given %v", rec, err, dep)
	}
}

func TestAContextThatNamesItsOwnOriginIsRefused(t *testing.T) {
	f := &Frame{Origin: self, First: 1, Count: 1, records: appendRecord(nil, 1, entry(self, 1), nil)}
	r, err := f.Records(0, clock.VersionVector{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Peek(); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestRecordsBeyondTheLimitAreRefused(t *testing.T) {
	b := append(binary.AppendUvarint(nil, MaxRecordBytes+1), make([]byte, MaxRecordBytes+1)...)
	if _, _, err := splitRecord(b); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestTheChainHashOfALongRecordIsThatOfItsBytes(t *testing.T) {
	// Records above 1 KiB take another path in memory; the hash must not know.
	b := make([]byte, 5000)
	short := Hash(7).extend(b[:1016])
	if short == Hash(7).extend(b[:1017]) || Hash(7).extend(b) == Hash(8).extend(b) {
		t.Error("hash ignores a byte or its predecessor")
	}
}
