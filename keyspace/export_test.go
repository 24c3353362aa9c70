package keyspace

import (
	"github.com/atollkv/atoll/store"
)

// Follower keeps, for a core without a shell, what a shard keeps for comparisons.
type Follower struct {
	shard *Shard
	src   store.Reader
}

type readView struct{ store.Reader }

func (readView) Close() error { return nil }

// Follow begins at the state that src shows now.
func Follow(c *Core, src store.Reader) *Follower {
	f := &Follower{src: src, shard: &Shard{cfg: Config{CoreConfig: c.cfg}}}
	f.shard.current = newPublished(readView{src}, c)
	f.shard.digests = newDigester(c.Vector())
	return f
}

// Committed takes note of a commit that src shows already.
func (f *Follower) Committed(c *Core, commit *store.Commit) {
	next := newPublished(readView{f.src}, c)
	f.shard.digests.touches.advance(commit.Cells, f.shard.current, next)
	f.shard.current = next
}

// Pin pins the present state. It is good until the next commit.
func (f *Follower) Pin() *Pinned {
	p, err := f.shard.Pin()
	if err != nil {
		panic(err)
	}
	return p
}

// Number returns the number of the commit that made the pinned state.
func (p *Pinned) Number() uint64 { return p.state.number }

// Queued is how many requests of clients wait for the loop, Others how many others.
func (s *Shard) Queued() int { return len(s.clients) }

// Others is how many requests that are not clients' wait for the loop.
func (s *Shard) Others() int { return len(s.others) }

// KindOf returns the kind of a cell.
func KindOf(cell []byte) byte {
	at, err := kindAt(cell)
	if err != nil {
		return 0xff
	}
	return cell[at]
}

// IndexKey is the index cell of a member.
func IndexKey(key []byte, score float64, member []byte) []byte {
	return indexKey(key, score, member)
}

// IndexEntry returns the entry that the index of what is to end must have for a cell; nil is none.
func (c *Core) IndexEntry(cell, value []byte) []byte {
	_, key, rest, err := splitKey(cell)
	if err != nil || rest[0] != kindHeader {
		return nil
	}
	h, err := decodeHeader(key, value)
	if due := c.dueAt(&h); err == nil && due != 0 {
		return expiryKey(due, key)
	}
	return nil
}

// NoteEvents is Shard.NoteEvents, and TakeEvents returns what was noted since.
func (c *Core) NoteEvents() { c.notes.wanted.Store(true) }

// TakeEvents: see NoteEvents.
func (c *Core) TakeEvents() []Event { return c.notes.take() }

// KeepConflicts keeps what was noticed, as a shard does when a commit is seen.
func (c *Core) KeepConflicts() { c.conflicts.add(c.conflicts.take()) }

// NoteWriters is that of a shard; Writers are those of the open batch.
func (c *Core) NoteWriters() { c.writers.Store(true) }

// Writers: see NoteWriters.
func (c *Core) Writers() map[string]int64 { return c.batch.writers }

// By executes in the name of a writer.
func (c *Core) By(id int64, run func()) {
	c.enter(id)
	run()
	c.leave()
}

// Fronts is of how many streams the commit loop knows where they begin.
func (c *Core) Fronts() int { return len(c.batch.fronts) }

// BoundOnce makes the bounds of what is noted of operations with ids smaller.
func (c *Core) BoundOnce(first, kept, retries int) { c.once.most = onceBounds{first, kept, retries} }
