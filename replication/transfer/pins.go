package transfer

import (
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// PinFor is how long after a transfer its donor keeps the op log above the snapshot: the
// receiver goes on by log from there, or comes back after a break.
const PinFor = time.Minute

// pins remembers above which vectors the op log must be kept. It is safe for concurrent
// use.
type pins struct {
	mu   sync.Mutex
	next int
	all  map[int]pin // guarded by mu
}

type pin struct {
	shard  store.ShardID
	vector clock.VersionVector
	until  time.Duration // 0 while the transfer runs
}

// add pins the log above a vector until the pin is let go.
func (p *pins) add(shard store.ShardID, v clock.VersionVector) (id int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = make(map[int]pin)
	}
	p.next++
	p.all[p.next] = pin{shard: shard, vector: v}
	return p.next
}

// raise moves a pin to the vector of the snapshot that was taken after it.
func (p *pins) raise(id int, v clock.VersionVector) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.all[id]
	x.vector = v
	p.all[id] = x
}

// let ends a pin at a time.
func (p *pins) let(id int, until time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.all[id]
	x.until = max(until, 1)
	p.all[id] = x
}

// vectors returns the vectors above which the log of a shard is needed.
func (p *pins) vectors(shard store.ShardID, now time.Duration) (out []clock.VersionVector) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, x := range p.all {
		switch {
		case x.until > 0 && now >= x.until:
			delete(p.all, id)
		case x.shard == shard:
			out = append(out, x.vector)
		}
	}
	return out
}
