package store

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// Log is the op log of one shard.
type Log struct {
	db    *DB
	shard ShardID
}

// Log returns the op log of a shard.
func (db *DB) Log(s ShardID) *Log { return &Log{db: db, shard: s} }

// Next returns the encoded frame of v that contains record after+1 of o, or nil when
// there is none yet. The frame may begin earlier. It returns *TruncatedError when the
// record is no longer in the log.
func (l *Log) Next(v View, o clock.Origin, after clock.Seq) ([]byte, error) {
	want := after + 1
	start, err := l.start(v, o)
	if err != nil {
		return nil, err
	}
	if want < start {
		return nil, &TruncatedError{Origin: o, Start: start}
	}
	it, err := v.Iterate(logKey(l.shard, o, want), l.end(o))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if !it.First() {
		return nil, it.Error()
	}
	value := append([]byte(nil), it.Value()...)
	f, err := oplog.Decode(value)
	if err != nil {
		return nil, fmt.Errorf("%w: op log key %x: %w", ErrCorrupt, it.Key(), err)
	}
	if f.Origin != o || f.First > want || f.Last() < want {
		return nil, fmt.Errorf("%w: op log key %x holds records %d to %d of %v, wanted %d of %v",
			ErrCorrupt, it.Key(), f.First, f.Last(), f.Origin, want, o)
	}
	return value, nil
}

// Start returns the first record of o that the log still has, or will have.
func (l *Log) Start(o clock.Origin) (clock.Seq, error) { return l.start(l.db, o) }

func (l *Log) start(r Reader, o clock.Origin) (clock.Seq, error) {
	b, err := r.Get(logStartKey(l.shard, o))
	if err != nil || b == nil {
		return 1, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: log start of %v has %d bytes", ErrCorrupt, o, len(b))
	}
	return clock.Seq(binary.BigEndian.Uint64(b)), nil
}

// Truncate forgets the frames whose records are all in upTo. It costs a read of what
// it removes and a range deletion per origin: call it for megabytes, not for frames.
func (l *Log) Truncate(upTo clock.VersionVector) error {
	b := l.db.pebble.NewBatch()
	removed := 0
	for _, e := range upTo.Entries() {
		n, err := l.cut(b, e.Origin, e.Seq)
		if err != nil {
			return fmt.Errorf("truncate op log of shard %d: %w", l.shard, err)
		}
		removed += n
	}
	if b.Empty() {
		return b.Close()
	}
	if _, err := l.db.write(b, l.shard, -removed); err != nil {
		return fmt.Errorf("truncate op log of shard %d: %w", l.shard, err)
	}
	return nil
}

// cut adds to b what removes the frames of o that end at or before upTo, and returns
// their size. Ranges begin where the last one ended, so that they never overlap.
func (l *Log) cut(b *pebble.Batch, o clock.Origin, upTo clock.Seq) (size int, err error) {
	start, err := l.Start(o)
	if err != nil || upTo < start {
		return 0, err
	}
	it, err := l.db.Iterate(logKey(l.shard, o, start), after(logKey(l.shard, o, upTo)))
	if err != nil {
		return 0, err
	}
	defer it.Close()
	var last clock.Seq
	for ok := it.First(); ok; ok = it.Next() {
		last = clock.Seq(binary.BigEndian.Uint64(it.Key()[logKeySeq:]))
		size += len(it.Value())
	}
	if err := it.Error(); err != nil || last == 0 {
		return 0, err
	}
	next := last + 1
	if err := b.DeleteRange(logKey(l.shard, o, start), logKey(l.shard, o, next), nil); err != nil {
		return 0, err
	}
	return size, b.Set(logStartKey(l.shard, o), binary.BigEndian.AppendUint64(nil, uint64(next)), nil)
}

// skip adds to b what makes the log of an origin begin at s.To, and returns the size of
// the frames that are forgotten.
func (l *Log) skip(b *pebble.Batch, s Skip) (size int, err error) {
	start, err := l.Start(s.Origin)
	if err != nil {
		return 0, err
	}
	it, err := l.db.Iterate(logKey(l.shard, s.Origin, start), logKey(l.shard, s.Origin, s.To))
	if err != nil {
		return 0, err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		size += len(it.Value())
	}
	if err := it.Error(); err != nil {
		return 0, err
	}
	if size > 0 {
		if err := b.DeleteRange(logKey(l.shard, s.Origin, start), logKey(l.shard, s.Origin, s.To), nil); err != nil {
			return 0, err
		}
	}
	return size, b.Set(logStartKey(l.shard, s.Origin), binary.BigEndian.AppendUint64(nil, uint64(s.To)), nil)
}

// Bytes returns the size of the frames in the log, before compression.
func (l *Log) Bytes() int64 { return l.db.tally.get(l.shard) }

func (l *Log) end(o clock.Origin) []byte { return after(logKey(l.shard, o, ^clock.Seq(0))) }
