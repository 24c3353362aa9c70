package store

import (
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// ShardID numbers the shards of a node.
type ShardID uint32

// Head is how far a shard has come in one origin's records.
type Head struct {
	Origin clock.Origin
	Seq    clock.Seq
	// Hash is the chain hash at Seq.
	Hash oplog.Hash
	// Time is the stamp of the record at Seq.
	Time clock.Timestamp
	// Dep is the context of the record at Seq.
	Dep clock.VersionVector
}

// Cell is one key of the data space with its new value; a nil value deletes.
type Cell struct {
	Key   []byte
	Value []byte
}

// Commit is everything that one batch changes in a shard. It is applied whole or not
// at all: that is what makes delivery exactly-once.
type Commit struct {
	Shard ShardID
	Cells []Cell
	// Frames are appended to the op log.
	Frames []*oplog.Frame
	// Heads are the origins that advanced.
	Heads []Head
	// Retired are origins whose heads go: they never advance again.
	Retired []clock.Origin
	// Skips are the origins of which the shard took over state instead of records: their
	// op log begins anew.
	Skips []Skip
	// Drops are ranges of cells that go, before Cells come.
	Drops []Range
}

// Range is the keys from Lo on, before Hi.
type Range struct{ Lo, Hi []byte }

// Skip says that the op log of an origin begins at a record; what it held before is
// forgotten.
type Skip struct {
	Origin clock.Origin
	To     clock.Seq
}

// Pending is a commit that is visible to reads of the latest state but perhaps not
// yet durable. Errors are final: the store is dead.
type Pending interface {
	// Acked blocks until the commit may be acknowledged under the fsync setting.
	Acked() error
	// Durable blocks until the commit survives the loss of power.
	Durable() error
}

// Iterator walks keys in byte order within the bounds it was opened with. It follows
// the contract of pebble.Iterator; Key and Value are valid until the next move.
type Iterator interface {
	First() bool
	Last() bool
	SeekGE(key []byte) bool
	Next() bool
	Prev() bool
	Valid() bool
	Key() []byte
	Value() []byte
	Error() error
	Close() error
}

// Reader reads keys at some point in time.
type Reader interface {
	// Get returns the value of key, or nil when it is absent. The slice is the caller's.
	Get(key []byte) ([]byte, error)
	// Iterate opens an iterator over lo ≤ key < hi.
	Iterate(lo, hi []byte) (Iterator, error)
}

// View is an unchanging Reader. It must be closed.
type View interface {
	Reader
	Close() error
}
