package command_test

import (
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// TestWhereADeadlineGoes: with what it was set on, to wherever that is moved or copied, and it stays
// where a string is edited; it goes where a key gets other content.
func TestWhereADeadlineGoes(t *testing.T) {
	const key = "text"
	for name, c := range map[string]struct {
		cmd  keyspace.Command
		at   string // where it is looked for
		want int64
	}{
		"RENAME":           {Rename{From: b(key), To: b("to")}, "to", soon},
		"RENAME over":      {Rename{From: b("n"), To: b(key)}, key, NoDeadline},
		"COPY":             {Copy{From: b(key), To: b("to")}, "to", soon},
		"COPY, the source": {Copy{From: b(key), To: b("to")}, key, soon},
		"COPY over":        {Copy{From: b("n"), To: b(key), Replace: true}, key, NoDeadline},
		"RENAME a set":     {Rename{From: b("set"), To: b("to")}, "to", later},
		"RENAME a hash":    {Rename{From: b("hash"), To: b(key)}, key, later},
		"SETBIT":           {SetBit{Key: b(key), Offset: 1, Bit: 1, Max: 100}, key, soon},
		"BITFIELD": {BitField{Key: b(key), Max: 100, Steps: []BitStep{{Do: BitSet, BitInteger: BitInteger{Bits: 8}, Value: 1}}},
			key, soon},
		"BITOP over": {BitOp{As: Or, Into: b(key), List: [][]byte{b("n")}}, key, NoDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShard(t)
			fill(t, s)
			for key, end := range map[string]int64{key: soon, "set": later, "hash": later} {
				if _, err := run(t, s, Expire{Key: b(key), Life: at(end)}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := run(t, s, c.cmd); err != nil {
				t.Fatal(err)
			}
			if r, err := run(t, s, TTL{Key: b(c.at), Absolute: true}); err != nil || r.Int != c.want {
				t.Errorf("%s ends at %d, want %d; %v", c.at, r.Int, c.want, err)
			}
		})
	}
}
