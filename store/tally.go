package store

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// logTally knows the size of every shard's op log. It is kept on disk, written with
// every commit, so that opening a store does not read its log.
type logTally struct {
	mu    sync.Mutex
	bytes map[ShardID]int64 // guarded by mu
}

func logSizeKey(s ShardID) []byte {
	return binary.BigEndian.AppendUint32([]byte{spaceLogStart}, uint32(s))
}

// note puts into b what the size will be once it has grown; the caller holds writeMu.
func (t *logTally) note(b *pebble.Batch, s ShardID, grown int) error {
	if grown == 0 {
		return nil
	}
	return b.Set(logSizeKey(s), binary.BigEndian.AppendUint64(nil, uint64(t.get(s)+int64(grown))), nil)
}

func (t *logTally) add(s ShardID, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes[s] += int64(n)
}

func (t *logTally) get(s ShardID) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes[s]
}

// load reads the sizes.
func (t *logTally) load(r Reader) error {
	t.bytes = map[ShardID]int64{}
	it, err := r.Iterate([]byte{spaceLogStart}, []byte{spaceLogStart + 1})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		switch {
		case len(it.Key()) != 5:
		case len(it.Value()) != 8:
			return fmt.Errorf("%w: log size key %x has %d bytes", ErrCorrupt, it.Key(), len(it.Value()))
		default:
			t.bytes[ShardID(binary.BigEndian.Uint32(it.Key()[1:]))] = int64(binary.BigEndian.Uint64(it.Value()))
		}
	}
	return it.Error()
}
