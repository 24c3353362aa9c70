package grpcserver

import (
	"sync"

	"google.golang.org/grpc/mem"
)

const (
	// frameBytes is the size of a full HTTP/2 data frame; large messages come in such.
	frameBytes = 16 << 10
	// framesKept bounds what the pool keeps for the next message.
	framesKept = 64
)

// framePool gives buffers for what connections receive. gRPC's own pool keeps all that
// were ever in use until the second collection after: under a flood that is what fills
// the heap. This one keeps few.
type framePool struct {
	mem.BufferPool // for all other sizes

	mu   sync.Mutex
	free []*[]byte // guarded by mu
}

func newFramePool() *framePool { return &framePool{BufferPool: mem.DefaultBufferPool()} }

// Get implements mem.BufferPool.
func (p *framePool) Get(n int) *[]byte {
	if n > frameBytes || n <= frameBytes/2 {
		return p.BufferPool.Get(n)
	}
	if b := p.kept(); b != nil {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, frameBytes)
	return &b
}

// kept takes a buffer out of the pool, or returns nil.
func (p *framePool) kept() *[]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return nil
	}
	b := p.free[last]
	p.free = p.free[:last]
	return b
}

// Put implements mem.BufferPool.
func (p *framePool) Put(b *[]byte) {
	if cap(*b) != frameBytes {
		p.BufferPool.Put(b)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < framesKept {
		p.free = append(p.free, b)
	}
}
