package keyspace

import "context"

type writerKey struct{}

// WithWriter names who gives the commands that are executed under a context, by a number above 0 of his own: changes then
// tell him from others, see [Change.Writer].
func WithWriter(ctx context.Context, id int64) context.Context {
	return context.WithValue(ctx, writerKey{}, id)
}

func writerIn(ctx context.Context) int64 {
	id, _ := ctx.Value(writerKey{}).(int64)
	return id
}

// NoteWriters says whether changes tell who made them, from the next commands on.
func (s *Shard) NoteWriters(on bool) { s.core.writers.Store(on) }

// enter lets commands run in the name of a writer until leave; 0 is nobody that is told from others. Both are for the commit
// loop.
func (c *Core) enter(id int64) {
	if b := &c.batch; c.writers.Load() && b.writers == nil && len(b.cells) == 0 {
		b.writers = map[string]int64{}
	}
	c.batch.writer = id
}

func (c *Core) leave() { c.batch.writer = 0 }

// noteWriter notes whose change of a cell it is. What two have changed in one commit is nobody's.
//
// Invariant: writers, unless nil, names every key that the batch has changed.
func (b *batch) noteWriter(cell []byte) {
	if b.writers == nil {
		return
	}
	_, key, _, err := splitKey(cell)
	if err != nil {
		return
	}
	if who, known := b.writers[string(key)]; !known {
		b.writers[string(key)] = b.writer
	} else if who != b.writer {
		b.writers[string(key)] = 0
	}
}

// Writer returns who alone has changed a key, as WithWriter named him; 0 where that was somebody else, several, or is not
// known.
func (c Change) Writer(key []byte) int64 { return c.writers[string(key)] }
