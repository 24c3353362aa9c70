package crdt

import (
	"bytes"
	"errors"
	"testing"

	"github.com/atollkv/atoll/clock"
)

func TestEndsBytes(t *testing.T) {
	u := Update{
		Declare: &Declaration{"eu", "n1"},
		Closes:  []clock.Origin{0x11, 0x22},
		Retires: []Retire{{Origin: 0x11, Seal: 300, Hash: 0xdeadbeef}},
		Folds:   []clock.Origin{0x33},
	}
	want := golden(t, "ends.hex")
	if got := u.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		u, err := DecodeUpdate(b)
		return u.Append(nil), err
	})
}

func TestReplaysBytes(t *testing.T) {
	u := Update{Replays: dot(0x11, 300)}
	want := golden(t, "replays.hex")
	if got := u.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	if back, err := DecodeUpdate(want); err != nil || back.Replays != u.Replays {
		t.Errorf("%+v %v", back, err)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		u, err := DecodeUpdate(b)
		return u.Append(nil), err
	})
}

func TestAnUpdateCannotEndItsOwnOrigin(t *testing.T) {
	for name, u := range map[string]Update{
		"closes":  {Closes: []clock.Origin{7}},
		"retires": {Retires: []Retire{{Origin: 7, Seal: 1}}},
		"folds":   {Folds: []clock.Origin{7}},
		"replays": {Replays: dot(7, 1)},
	} {
		if err := u.Check(dot(7, 2)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if err := u.Check(dot(8, 2)); err != nil {
			t.Errorf("%s of another: %v", name, err)
		}
	}
}
