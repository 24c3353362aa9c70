package keyspace

import (
	"iter"

	"github.com/atollkv/atoll/store"
)

// Change is what one commit has changed, by clients here or by what came from elsewhere. It may also name
// keys of which only the form changed in which they are kept.
type Change struct {
	cells   []store.Cell
	writers map[string]int64
	// All says that any key may have changed.
	All bool
	// Events are those that Shard.NoteEvents asked for. The keys are not to be changed.
	Events []Event
}

// Keys gives the changed keys, one perhaps several times. A key is the caller's to keep.
func (c Change) Keys() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, x := range c.cells {
			if _, ok := slotOfCell(x.Key); !ok {
				continue
			}
			if _, key, _, err := splitKey(x.Key); err == nil && !yield(key) {
				return
			}
		}
	}
}

// Listen has heard called for each commit, in order, when readers see it and before its clients are answered; and
// at any time for what readers did not find, if NoteEvents asked for that. It must not wait for anything. A reader who begins when Listen has returned, and does not see a commit, can
// rely on the call.
func (s *Shard) Listen(heard func(Change)) { s.heard.Store(&heard) }

// tell says what a published commit has changed.
func (s *Shard) tell(b *sealed) {
	if b.commit == nil && !b.all && len(b.events) == 0 {
		return
	}
	c := Change{All: b.all, Events: b.events, writers: b.writers}
	if b.commit != nil {
		c.cells = b.commit.Cells
	}
	s.hear(c)
}

// hear tells who listens.
func (s *Shard) hear(c Change) {
	if heard := s.heard.Load(); heard != nil {
		(*heard)(c)
	}
}
