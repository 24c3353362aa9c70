package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

func TestBitCommands(t *testing.T) {
	s := newShard(t)
	bad := errors.New("bad range")
	none := keyspace.Reply{}
	all := BitRange{From: 0, To: -1}
	u4 := BitInteger{Bits: 4}
	for i, c := range []struct {
		cmd  keyspace.Command
		want keyspace.Reply
		err  error
	}{
		{GetBit{b("k"), 5}, none, nil},
		{BitCount{b("k"), all, bad}, none, nil},
		{BitPos{Key: b("k"), Bit: 1, Bad: bad}, keyspace.Reply{Int: -1}, nil},
		{BitPos{Key: b("k"), Bit: 0, Bad: bad}, none, nil},
		{SetBit{b("k"), 9, 1, 8}, none, nil},
		{SetBit{b("k"), 9, 1, 8}, keyspace.Reply{Int: 1}, nil},
		{Get{b("k")}, keyspace.Reply{Found: true, Value: b("\x00\x40")}, nil},
		{GetBit{b("k"), 9}, keyspace.Reply{Int: 1}, nil},
		{GetBit{b("k"), 90}, none, nil},
		{BitCount{b("k"), all, nil}, keyspace.Reply{Int: 1}, nil},
		{BitCount{b("k"), all, bad}, none, bad},
		{BitPos{Key: b("k"), Bit: 1, Range: all}, keyspace.Reply{Int: 9}, nil},
		{BitPos{Key: b("k"), Bit: 1, Bad: bad}, none, bad},
		{Set{Key: b("ones"), Value: b("\xff\xff")}, none, nil},
		{BitPos{Key: b("ones"), Bit: 0, Range: all}, keyspace.Reply{Int: 16}, nil},
		{BitPos{Key: b("ones"), Bit: 0, Range: all, Ended: true}, keyspace.Reply{Int: -1}, nil},
		{BitPos{Key: b("ones"), Bit: 0, Range: BitRange{From: 5, To: -1}}, keyspace.Reply{Int: -1}, nil},
		{BitField{Key: b("f"), Steps: []BitStep{{Do: BitGet, BitInteger: u4}}}, keyspace.Reply{Replies: []keyspace.Reply{{Found: true}}}, nil},
		{Get{b("f")}, none, nil},
		{BitField{b("f"), []BitStep{
			{Do: BitSet, BitInteger: u4, At: 4, Value: 7}, {Do: BitAdd, BitInteger: u4, At: 4, Value: 9, Overflow: Fail},
			{Do: BitAdd, BitInteger: u4, At: 4, Value: 9, Overflow: Saturate}, {Do: BitGet, BitInteger: u4, At: 4},
		}, 1}, keyspace.Reply{Replies: []keyspace.Reply{{Found: true}, {}, {Found: true, Int: 15}, {Found: true, Int: 15}}}, nil},
		{Get{b("f")}, keyspace.Reply{Found: true, Value: b("\x0f")}, nil},
		{BitOp{Not, b("to"), list("f")}, keyspace.Reply{Int: 1}, nil},
		{Get{b("to")}, keyspace.Reply{Found: true, Value: b("\xf0")}, nil},
		{BitOp{Or, b("to"), list("none", "f", "ones")}, keyspace.Reply{Int: 2}, nil},
		{Get{b("to")}, keyspace.Reply{Found: true, Value: b("\xff\xff")}, nil},
		{BitOp{And, b("to"), list("to", "f")}, keyspace.Reply{Int: 2}, nil},
		{Get{b("to")}, keyspace.Reply{Found: true, Value: b("\x0f\x00")}, nil},
		{BitOp{Xor, b("to"), list("f", "ones", "f")}, keyspace.Reply{Int: 2}, nil},
		{Get{b("to")}, keyspace.Reply{Found: true, Value: b("\xff\xff")}, nil},
		{BitOp{And, b("to"), list("none", "none")}, none, nil},
		{Exists{list("to")}, none, nil},
		{SAdd{b("s"), list("m")}, keyspace.Reply{Int: 1}, nil},
		{GetBit{b("s"), 0}, none, keyspace.ErrWrongType},
		{SetBit{b("s"), 0, 1, 8}, none, keyspace.ErrWrongType},
		{BitCount{b("s"), all, bad}, none, keyspace.ErrWrongType},
		{BitPos{Key: b("s"), Bad: bad}, none, keyspace.ErrWrongType},
		{BitOp{And, b("to"), list("f", "s")}, none, keyspace.ErrWrongType},
		{BitField{Key: b("s")}, none, keyspace.ErrWrongType},
	} {
		got, err := run(t, s, c.cmd)
		if !errors.Is(err, c.err) || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%d, %s: %v, %v; want %v, %v", i, c.cmd.Name(), got, err, c.want, c.err)
		}
	}
	for _, cmd := range []keyspace.Command{SetBit{b("k"), 64, 1, 8}, BitField{b("k"), []BitStep{{Do: BitSet, BitInteger: u4, At: 61}}, 8}} {
		var large *keyspace.TooLargeError
		if _, err := run(t, s, cmd); !errors.As(err, &large) || large.What != StringBytes {
			t.Errorf("%s: %v", cmd.Name(), err)
		}
	}
	if (BitField{Steps: []BitStep{{Do: BitGet}}}).Writes() {
		t.Error("reading writes")
	}
}

// subsequence tells whether s is in t, in order.
func subsequence(s, t []byte) bool {
	for _, c := range t {
		if len(s) > 0 && s[0] == c {
			s = s[1:]
		}
	}
	return len(s) == 0
}

// dumbLCS is the length of the longest common subsequence by its definition.
func dumbLCS(a, c []byte) int {
	switch {
	case len(a) == 0 || len(c) == 0:
		return 0
	case a[0] == c[0]:
		return 1 + dumbLCS(a[1:], c[1:])
	default:
		return max(dumbLCS(a[1:], c), dumbLCS(a, c[1:]))
	}
}

func TestLCSIsCommonAndLongest(t *testing.T) {
	s := newShard(t)
	d := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		x, y := make([]byte, d.IntN(8)), make([]byte, d.IntN(8))
		for _, v := range [][]byte{x, y} {
			for i := range v {
				v[i] = 'a' + byte(d.IntN(3))
			}
		}
		r, err := s.Execute(context.Background(), Set{Key: b("x"), Value: x}, Set{Key: b("y"), Value: y}, LCS{A: b("x"), B: b("y")})
		if err != nil {
			t.Fatal(err)
		}
		got := r[2]
		if !subsequence(got.Value, x) || !subsequence(got.Value, y) || len(got.Value) != dumbLCS(x, y) {
			t.Fatalf("%s and %s: %s", x, y, got.Value)
		}
		var runs []byte
		for i := len(got.Replies) - 4; i >= 0; i -= 4 {
			at := got.Replies[i:]
			inX, inY := x[at[0].Int:at[1].Int+1], y[at[2].Int:at[3].Int+1]
			if !bytes.Equal(inX, inY) {
				t.Fatalf("%s and %s: a run of %s and %s", x, y, inX, inY)
			}
			runs = append(runs, inX...)
		}
		if !bytes.Equal(runs, got.Value) {
			t.Fatalf("%s and %s: runs %s, value %s", x, y, runs, got.Value)
		}
	}
}

func TestLCSRefuses(t *testing.T) {
	s := newShard(t)
	long := bytes.Repeat(b("x"), 5000)
	if _, err := s.Execute(context.Background(), Set{Key: b("k"), Value: long}, SAdd{b("s"), list("m")}); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("bad option")
	var own *RefusedError
	if _, err := run(t, s, LCS{b("k"), b("s"), bad}); !errors.As(err, &own) || own.Error() != "The specified keys must contain string values" {
		t.Errorf("a set: %v", err)
	}
	if _, err := run(t, s, LCS{b("k"), b("none"), bad}); !errors.Is(err, bad) {
		t.Errorf("a bad option: %v", err)
	}
	var large *keyspace.TooLargeError
	if _, err := run(t, s, LCS{A: b("k"), B: b("k")}); !errors.As(err, &large) {
		t.Errorf("long strings: %v", err)
	}
}
