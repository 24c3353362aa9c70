package keyspace

import (
	"strconv"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// nothing is an empty store.
type nothing struct{}

func (nothing) Get([]byte) ([]byte, error)                  { return nil, nil }
func (nothing) Iterate(_, _ []byte) (store.Iterator, error) { return nothing{}, nil }
func (nothing) Last() bool                                  { return false }
func (nothing) Prev() bool                                  { return false }
func (nothing) First() bool                                 { return false }
func (nothing) SeekGE([]byte) bool                          { return false }
func (nothing) Next() bool                                  { return false }
func (nothing) Valid() bool                                 { return false }
func (nothing) Key() []byte                                 { return nil }
func (nothing) Value() []byte                               { return nil }
func (nothing) Error() error                                { return nil }
func (nothing) Close() error                                { return nil }

type peek struct{ key []byte }

func (peek) Name() string     { return "PEEK" }
func (p peek) Keys() [][]byte { return [][]byte{p.key} }
func (peek) Writes() bool     { return true }
func (p peek) Run(tx *Tx) (Reply, error) {
	_, _, err := tx.Type(p.key)
	return Reply{}, err
}

func TestReadsWithoutWritesLeaveNothingInTheBatch(t *testing.T) {
	c := NewCore(CoreConfig{NewOrigin: func() clock.Origin { return 1 }}, nothing{}, nil, clock.NewHLC(clock.NewSystem(), 0))
	for i := range 1000 {
		if _, written, err := c.Execute([]Command{peek{[]byte(strconv.Itoa(i))}}); written || err != nil {
			t.Fatal(written, err)
		}
	}
	if n := len(c.batch.read.entries); n > 1 || !c.Idle() {
		t.Fatalf("%d headers are kept", n)
	}
}

func TestMemberCounts(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want count
		bad  bool
	}{
		"absent is none":          {nil, count{}, false},
		"one":                     {[]byte{1}, count{n: 1}, false},
		"three hundred":           {[]byte{0xac, 2}, count{n: 300}, false},
		"unknown":                 {[]byte{countUnknown}, count{unknown: true}, false},
		"a stored zero":           {[]byte{0}, count{}, true},
		"no bytes":                {[]byte{}, count{}, true},
		"bytes behind the number": {[]byte{1, 1}, count{}, true},
		"more than there can be":  {[]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, count{}, true},
	} {
		got, err := decodeCount([]byte("k"), c.in)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if !c.bad && string(got.encode()) != string(c.in) {
			t.Errorf("%s encodes as %x", name, got.encode())
		}
	}
}

func TestDeadCellsAreDeleted(t *testing.T) {
	for name, c := range map[string]*cell{
		"header": {header: &crdt.Header{}}, "member": {member: &crdt.Member{}}, "count": {count: &count{}},
	} {
		if got := c.append(nil); len(got) > 0 {
			t.Errorf("an empty %s is kept as %x", name, got)
		}
	}
}
