package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// raiseStarts lets the op log of each origin with frames in d begin behind them. The
// starts are durable before the frames go: after a crash between the two the damage is
// found again. The caller holds writeMu.
func (db *DB) raiseStarts(d Damage) error {
	log, ok := d.Within([]byte{spaceLog}, []byte{spaceLog + 1})
	if !ok {
		return nil
	}
	b := db.pebble.NewBatch()
	for _, c := range db.vital.within([]byte{spaceHead}, []byte{spaceHead + 1}) {
		if err := db.raiseStart(b, c, log); err != nil {
			return err
		}
	}
	if err := db.pipeline(func() error { return db.pebble.Apply(b, pebble.Sync) }); err != nil {
		return err
	}
	db.vital.note(b)
	return b.Close()
}

// raiseStart raises the log start of the origin of one head above the damage.
func (db *DB) raiseStart(b *pebble.Batch, head Cell, d Damage) error {
	o, err := originOf(head.Key)
	if err != nil {
		return err
	}
	h, err := decodeHead(o, head.Value)
	if err != nil {
		return err
	}
	shard := ShardID(binary.BigEndian.Uint32(head.Key[1:]))
	lo, hi := logKey(shard, o, 0), after(logKey(shard, o, ^clock.Seq(0)))
	if !d.overlaps(lo, hi) {
		return nil
	}
	next := db.firstBehind(d.Hi, hi, h.Seq)
	start := logStartKey(shard, o)
	if now := db.vital.within(start, after(start)); len(now) > 0 && clock.Seq(binary.BigEndian.Uint64(now[0].Value)) >= next {
		return nil
	}
	if bytes.Compare(lo, d.Lo) < 0 {
		if err := b.DeleteRange(lo, d.Lo, nil); err != nil {
			return err
		}
	}
	return b.Set(logStartKey(shard, o), binary.BigEndian.AppendUint64(nil, uint64(next)), nil)
}

// firstBehind returns the first record of the first frame at or after from; when there
// is none, or it cannot be read, the one after last.
func (db *DB) firstBehind(from, hi []byte, last clock.Seq) clock.Seq {
	it, err := db.Iterate(from, hi)
	if err != nil {
		return last + 1
	}
	defer it.Close()
	if !it.First() {
		return last + 1
	}
	f, err := oplog.Decode(bytes.Clone(it.Value()))
	if err != nil {
		return last + 1
	}
	return f.First
}

// recount counts the op log anew, around what is blocked: how much a damaged range held
// cannot be read.
func (db *DB) recount() error {
	before, counted := map[ShardID]int64{}, map[ShardID]int64{}
	for _, c := range db.vital.within([]byte{spaceHead}, []byte{spaceHead + 1}) {
		shard := ShardID(binary.BigEndian.Uint32(c.Key[1:]))
		before[shard], counted[shard] = db.tally.get(shard), 0
	}
	lo, hi := []byte{spaceLog}, []byte{spaceLog + 1}
	for _, d := range db.Damaged() {
		if d.overlaps(lo, hi) {
			if err := count(db, lo, d.Lo, counted); err != nil {
				return err
			}
			lo = d.Hi
		}
	}
	if err := count(db, lo, hi, counted); err != nil {
		return err
	}
	for shard, n := range counted {
		if n == before[shard] {
			continue
		}
		// Commits meanwhile have grown it further.
		if _, err := db.write(db.pebble.NewBatch(), shard, int(n-before[shard])); err != nil {
			return err
		}
	}
	return nil
}

// count adds up the frames of each shard in lo ≤ key < hi.
func count(r Reader, lo, hi []byte, sizes map[ShardID]int64) error {
	if bytes.Compare(lo, hi) >= 0 {
		return nil
	}
	it, err := r.Iterate(lo, hi)
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		if len(it.Key()) != logKeySeq+8 {
			return fmt.Errorf("%w: op log key %x", ErrCorrupt, it.Key())
		}
		sizes[ShardID(binary.BigEndian.Uint32(it.Key()[1:]))] += int64(len(it.Value()))
	}
	return it.Error()
}
