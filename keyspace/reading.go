package keyspace

import (
	"context"
	"sync"

	"github.com/atollkv/atoll/internal/namespace"
)

// reading is one command that reads a published state, with the memory that it needs: the next reading uses it.
type reading struct {
	tx     Tx
	cells  stored
	source cachedReader
	sizes  sizing
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// sizing counts keys for one reading.
type sizing struct {
	ctx   context.Context
	shard *Shard
}

func (z *sizing) size(n namespace.Name) (Size, error) { return z.shard.Size(z.ctx, n) }

func (z *sizing) inPassing(n namespace.Name) (Size, error) { return z.shard.sizeInPassing(z.ctx, n) }

// beginReading returns a reading of a state; end must be called.
func (s *Shard) beginReading(ctx context.Context, p *published) *reading {
	r := readings.Get().(*reading)
	r.source = cachedReader{p.view, s.core.cache, &p.number}
	r.cells = s.cellsOf(p)
	r.cells.src = &r.source
	r.sizes = sizing{ctx, s}
	r.tx = Tx{
		cells: &r.cells, hlc: s.hlc, ahead: s.core.cfg.MaxOffset, sizes: &r.sizes, shard: s.cfg.Shard, self: s.core.self(),
		conflicts: &s.core.conflicts, applied: p.vector, arrivals: &s.core.arrivals, missing: s.core.notes.misses.Load(),
	}
	return r
}

// run runs the command, and returns the events of what it did not find.
func (r *reading) run(cmd Command) (Reply, []Event, error) {
	reply, err := cmd.Run(&r.tx)
	r.tx.NotifyMisses(cmd)
	return reply, r.tx.events, err
}

// end gives the memory back. Nothing of the reading may be used after it.
func (r *reading) end() {
	*r = reading{}
	readings.Put(r)
}
