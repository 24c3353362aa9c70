package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
)

// frontsMax is of how many streams it is known where they begin.
const frontsMax = 1024

// fronts knows where streams begin that the commit loop has read from their begin. One that is trimmed as it grows
// leaves cells behind that are deleted, and that the store still walks over until it is compacted.
//
// Invariant: no entry of a stream lies before the name that is known of it, in the store or the batch.
type fronts map[string]string // names by what the keys of entries begin with

// from returns a walk from the begin from where the stream begins, if that is known.
func (f fronts) from(w itemWalk, begin []byte) itemWalk {
	if name, known := f[string(begin)]; known {
		w.from = []byte(name)
	}
	return w
}

// isFromBegin tells whether a walk sees all entries of a stream, the first one first.
func (w itemWalk) isFromBegin() bool {
	return w.of == crdt.TypeStream && !w.back && bytes.Equal(w.from, crdt.StreamID{}.Begin())
}

// found notes the first entry of a stream.
func (f fronts) found(begin, name []byte) {
	if _, known := f[string(begin)]; !known && len(f) >= frontsMax {
		clear(f)
	}
	f[string(begin)] = string(name)
}

// put notes that a cell is written.
func (f fronts) put(cell []byte) {
	at := len(cell) - crdt.EntryNameBytes
	if len(f) == 0 || at < 0 {
		return
	}
	if name, known := f[string(cell[:at])]; known && string(cell[at:]) < name {
		f[string(cell[:at])] = string(cell[at:])
	}
}
