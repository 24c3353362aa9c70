package store

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// A mark ends every batch in the write-ahead log: magic, the number of the commit since
// the store was opened, and the number of the last one that was durable when this one was
// written (big endian u64). It is in the log only, and read by checkWAL.
var markMagic = [4]byte{'A', 't', 'M', 1}

const markBytes = len(markMagic) + 8 + 8

// mark is what one says.
type mark struct{ number, durable uint64 }

func (m mark) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, markMagic[:]...), m.number)
	return binary.BigEndian.AppendUint64(b, m.durable)
}

// markAt reads the mark that the bytes of a record end with.
func markAt(end []byte) (m mark, ok bool) {
	if len(end) < markBytes {
		return m, false
	}
	end = end[len(end)-markBytes:]
	if !bytes.HasPrefix(end, markMagic[:]) {
		return m, false
	}
	end = end[len(markMagic):]
	return mark{binary.BigEndian.Uint64(end), binary.BigEndian.Uint64(end[8:])}, true
}

// marks numbers commits.
type marks struct {
	last    uint64 // guarded by DB.writeMu; the last commit
	told    uint64 // guarded by DB.writeMu; what the last mark says is durable
	durable atomic.Uint64
}

// add puts the mark of the next commit into b; the caller holds DB.writeMu.
func (m *marks) add(b *pebble.Batch) error {
	m.last++
	return m.put(b)
}

func (m *marks) put(b *pebble.Batch) error {
	m.told = m.durable.Load()
	return b.LogData(mark{m.last, m.told}.append(nil), nil)
}

// reached notes that a commit is durable, and so are those before it.
func (m *marks) reached(number uint64) {
	for {
		old := m.durable.Load()
		if number <= old || m.durable.CompareAndSwap(old, number) {
			return
		}
	}
}

// Mark writes into the log that all commits are durable, when they are and it does not say
// so yet. Damage in the last ones is then told from a torn end. It costs a sync; call it
// when nothing else is written.
func (db *DB) Mark() error {
	db.writeMu.Lock()
	w, err := db.mark()
	db.writeMu.Unlock()
	if w == nil || err != nil {
		return err
	}
	return w.written()
}

// mark returns nil when there is nothing to say; the caller holds writeMu.
func (db *DB) mark() (*syncWait, error) {
	if db.marks.told == db.marks.last || db.marks.durable.Load() < db.marks.last {
		return nil, nil
	}
	b := db.pebble.NewBatch()
	if err := db.marks.put(b); err != nil {
		return nil, err
	}
	return db.handMarked(b)
}
