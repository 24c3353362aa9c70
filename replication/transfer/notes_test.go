package transfer

import (
	"bytes"
	"testing"

	"github.com/atollkv/atoll/store"
)

// notedSnapshot has one chunk of cells, and one of notes behind it.
type notedSnapshot struct{ *toySnapshot }

func (notedSnapshot) Next(after []byte, _ int) (*Chunk, error) {
	notes := []byte{store.SpaceOnce}
	if bytes.Compare(after, notes) < 0 {
		return &Chunk{After: after, Cells: []store.Cell{{Key: []byte{store.SpaceData, 1}, Value: []byte("v")}}, UpTo: notes}, nil
	}
	return &Chunk{After: after, Cells: []store.Cell{{Key: append(notes, 1), Value: []byte("n")}}}, nil
}

// Who speaks the first version of the protocol does not know what is noted of operations with ids: it gets the cells, and
// is told that they are all.
func TestNotesGoOnlyToWhoKnowsThem(t *testing.T) {
	for speaks, want := range map[uint32]int{1: 1, protocolNotes: 2} {
		d := newDonor()
		if err := d.Recv(&Hello{Identity: eu, ProtocolMin: 1, ProtocolMax: speaks}); err != nil {
			t.Fatal(err)
		}
		if err := d.Open(notedSnapshot{&toySnapshot{toy: toyWith(3, 1)}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Recv(&More{Chunks: 5}); err != nil {
			t.Fatal(err)
		}
		ended := false
		for {
			m, err := d.Next()
			if err != nil {
				t.Fatal(err)
			}
			if m == nil {
				break
			}
			_, ended = m.(*End)
		}
		if got := d.Counts().Chunks; got != uint64(want) || !ended {
			t.Errorf("protocol %d: %d chunks, ended %v; want %d", speaks, got, ended, want)
		}
	}
}
