package keyspace

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// A key, or a field of a hash, that has ended shows nothing from then on, at every node by its own clock. Really deleted it is by
// an ordinary update: of the node whose deadline was decisive, once every clock has come that far, or of
// any other when that one has not done it for ten minutes. An index of the store has the keys and fields by the time
// at which this node is to look. It is local and says only where to look: the header decides.

const (
	// expireOthers is how long a node waits for the one whose deadline was decisive.
	expireOthers = 10 * time.Minute
	// expireSpreadMax is how much longer some nodes wait, so that not all delete the same keys at once.
	expireSpreadMax = time.Minute
)

// expireSpread is how much longer a node waits than others.
func expireSpread(region, node string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(region + "/" + node))
	return time.Duration(h.Sum32()) % expireSpreadMax
}

// expiryKey is where the index has a key that this node is to look at, at a time in Unix milliseconds. Keys of the default
// namespace are in one part of it, all others in a second one, as full keys; fields are in a third one: see fieldends.go.
func expiryKey(at int64, key []byte) []byte {
	if namespace.Names(key) {
		return append(expiryBegin(spaceNamed, at), key...)
	}
	_, user := namespace.Cut(key)
	return append(expiryBegin(0, at), user...)
}

func expiryBegin(part uint32, at int64) []byte {
	b := binary.BigEndian.AppendUint32([]byte{store.SpaceExpiry}, part)
	return binary.BigEndian.AppendUint64(b, uint64(at))
}

// Due is a key that has ended, or a field of the hash at it.
type Due struct {
	Key     []byte // a full key
	Field   []byte
	OfField bool
}

// splitExpiry returns what an entry of the index is of; ok is false for what is none.
func splitExpiry(entry []byte) (d Due, ok bool) {
	if len(entry) < expiryPrefixBytes {
		return d, false
	}
	rest := entry[expiryPrefixBytes:]
	switch entry[expiryPartAt] {
	case 0:
		return Due{Key: namespace.Default.Key(rest)}, true
	case expiryOfFields:
		d.Key, d.Field, ok = splitFieldExpiry(rest)
		d.OfField = true
		return d, ok
	default:
		return Due{Key: rest}, namespace.Names(rest) && namespace.Check(rest)
	}
}

// expiryOfFields is the last part of the index.
const expiryOfFields = spaceNamed + 1

const (
	expiryPartAt      = 4
	expiryPrefixBytes = 1 + 4 + 8
)

// expiryRanges bound what the index has behind an entry, or from a time on, up to another, in each of its parts.
func expiryRanges(after []byte, from, upTo int64) (list [][2][]byte) {
	for part := range uint32(expiryOfFields + 1) {
		lo, hi := expiryBegin(part, from), expiryBegin(part, upTo+1)
		if after != nil && bytes.Compare(after, lo) >= 0 {
			lo = append(bytes.Clone(after), 0)
		}
		if bytes.Compare(lo, hi) < 0 {
			list = append(list, [2][]byte{lo, hi})
		}
	}
	return list
}

// dueAt returns when this node is to look whether the key has ended, in Unix milliseconds; 0 is never.
func (c *Core) dueAt(h *crdt.Header) int64 {
	due, ok := h.Due()
	if !ok {
		return 0
	}
	return c.lookAt(due)
}

// lookAt returns when this node is to look whether what a deadline is of has ended.
func (c *Core) lookAt(due crdt.Deadline) int64 {
	wait := c.cfg.ExpireOthers
	if c.wrote(due.Dot.Origin) {
		wait = c.cfg.MaxOffset
	}
	return min(due.At, math.MaxInt64-1-wait.Milliseconds()) + wait.Milliseconds()
}

// wrote tells whether this node took an origin, in this incarnation or before.
func (c *Core) wrote(o clock.Origin) bool {
	who := crdt.Declaration{Region: c.cfg.Region, Node: c.cfg.Node}
	return o == c.Origin() || c.owner(o) == who
}

// putHeader writes a header that was due at a time before, and moves its entry in the index.
func (c *Core) putHeader(key []byte, before int64, h crdt.Header) {
	c.batch.putHeader(key, h)
	due := c.dueAt(&h)
	if due == before {
		return
	}
	if before != 0 {
		c.batch.set(expiryKey(before, key), nil)
	}
	if due != 0 && !c.cfg.Mistakes.Has(mistake.EndsForgotten) {
		c.batch.set(expiryKey(due, key), []byte{})
	}
}

// Reindex enters the keys of a range of cells into the index of what is to end, some at a time. next is nil
// when the range is done.
func (c *Core) Reindex(lo, hi []byte) (next []byte, err error) {
	n := 0
	err = scan(c.batch.raw(), lo, hi, func(cell, value []byte) (bool, error) {
		if n++; n > requeueCells {
			next = bytes.Clone(cell)
			return false, nil
		}
		_, key, rest, err := splitKey(cell)
		if err == nil && len(rest) > 0 {
			err = c.indexCell(key, rest, value)
		}
		return err == nil, err
	})
	return next, err
}

// indexCell enters what a cell is of.
func (c *Core) indexCell(key, rest, value []byte) error {
	switch rest[0] {
	case kindHeader:
		h, err := decodeHeader(key, value)
		if err == nil {
			c.index(key, &h)
		}
		return err
	case kindField:
		f, err := decodeField(key, crdt.TypeHash, value)
		if err == nil {
			c.indexField(key, rest[1:], &f)
		}
		return err
	default:
		return nil
	}
}

// index enters a key into the index.
func (c *Core) index(key []byte, h *crdt.Header) {
	if due := c.dueAt(h); due != 0 {
		c.batch.set(expiryKey(due, key), []byte{})
	}
}

// dueExamined bounds how many entries of the index one look goes through.
const dueExamined = 4096

// ReadDue is a command that finds keys and fields that have ended and that this node is to delete by now, at most
// Limit of them.
type ReadDue struct {
	// After continues after an earlier look that gave Next; nil begins.
	After []byte
	// From leaves out what was due before, in Unix milliseconds.
	From  int64
	Limit int

	Found []Due
	// Next is nil when all were looked at that were due at Seen, in Unix milliseconds.
	Next []byte
	Seen int64
}

// Name implements Command.
func (*ReadDue) Name() string { return "DUE" }

// Keys implements Command.
func (*ReadDue) Keys() [][]byte { return nil }

// Writes implements Command.
func (*ReadDue) Writes() bool { return false }

// Run implements Command.
func (q *ReadDue) Run(tx *Tx) (r Reply, err error) {
	q.Found, q.Next, q.Seen = nil, nil, tx.Now()
	var last []byte
	examined := 0
	for _, x := range expiryRanges(q.After, q.From, q.Seen) {
		err = scan(tx.cells.raw(), x[0], x[1], func(entry, _ []byte) (bool, error) {
			if examined++; examined > dueExamined || len(q.Found) >= q.Limit {
				q.Next = last
				return false, nil
			}
			last = bytes.Clone(entry)
			return true, q.look(tx, last)
		})
		if err != nil || q.Next != nil {
			return r, err
		}
	}
	return r, nil
}

// look looks at what an entry of the index is of.
func (q *ReadDue) look(tx *Tx, entry []byte) error {
	d, ok := splitExpiry(entry)
	if !ok {
		return nil // an entry is a hint; this one hints at nothing
	}
	ended, err := tx.isDue(d)
	if ended {
		q.Found = append(q.Found, d)
	}
	if IsDamage(err) {
		return nil // it is healed in time, and looked at again
	}
	return err
}

// isDue tells whether a key or a field has ended; a field of a key whose time has come goes with that.
func (tx *Tx) isDue(d Due) (ended bool, err error) {
	key := tx.enter(d.Key)
	h, gone, err := tx.open(key)
	if err != nil || !d.OfField {
		return gone, err
	}
	if gone {
		if up, err := tx.timeUp(key, &h); up || err != nil {
			return false, err
		}
	}
	f, err := tx.cells.field(d.Key, crdt.TypeHash, d.Field, h.Hidden)
	return tx.fieldEnded(&f), err
}
