package node

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/store"
)

const (
	// diskEvery is how often the disk is asked for its space.
	diskEvery = 200 * time.Millisecond
	// diskCost is how much space a byte of a client may take before compactions give it
	// back: in the log twice (cell and op log), in tables twice.
	diskCost = 4
	// diskPart bounds the reserve of a small disk to a part of it.
	diskPart = 16
)

// DiskConfig says what to do when the disk is full.
type DiskConfig struct {
	// ReserveBytes is taken up by a file that is given back when the disk is full.
	ReserveBytes int64
}

// disk is the part of store.DB that is watched.
type disk interface {
	Usage() (store.Usage, error)
	// Kept is the space that the store needs to go on, in bytes.
	Kept() int64
	Reserve() *store.Reserve
}

// diskGuard refuses clients' writes before the store meets a full disk, because a
// write-ahead log that does not fit ends the node. With r the size of the reserve, and
// free what is free beyond the space that the store keeps for its log and its flushes:
//
//   - free < r: full. New data is refused, the reserve is given back, and what it took up
//     is for deletions, for what peers send, and for compactions. What would leave less
//     than r/2 is refused before.
//   - full and free < r/4: deletions and what peers send wait too.
//   - full and free ≥ 2.5 r: the reserve is taken again, and writes go on.
//
// Between two looks at the disk, what was let in counts as gone.
type diskGuard struct {
	disk
	r int64 // size of the reserve; 0 switches the guard off

	// charged is what was let in since the last look, and before counts what was let in
	// between the two looks before it: it may not have reached the disk yet.
	charged, before atomic.Int64

	mu   sync.Mutex
	full bool        // guarded by mu
	last store.Usage // guarded by mu
}

func newDiskGuard(d disk) *diskGuard {
	return &diskGuard{disk: d, r: d.Reserve().Size()}
}

// reserveFor is the reserve that a disk gets; 0 is a size that is not known.
func reserveFor(want int64, disk uint64) int64 {
	if disk == 0 {
		return want
	}
	return min(want, int64(disk/diskPart))
}

func (g *diskGuard) run(ctx context.Context) error {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	for {
		g.step()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step looks at the disk. A disk that does not answer changes nothing.
func (g *diskGuard) step() {
	u, err := g.Usage()
	if err != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = u
	if g.r == 0 {
		return
	}
	g.before.Store(g.charged.Swap(0))
	free := int64(u.Free) - g.Kept()
	held := g.Reserve().Held()
	switch {
	case held && free < g.r:
		g.full = true
		_ = g.Reserve().Release() // a file that cannot be removed is no use either
	case !held && free >= 5*g.r/2:
		g.full = g.Reserve().Take() != nil
	case !held:
		g.full = true
	}
}

// usage is what the last look found.
func (g *diskGuard) usage() store.Usage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// fill tells that something found no space at all.
func (g *diskGuard) fill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.full, g.last.Free = true, 0
}

// left is what may still be taken, as far as it is known. Callers hold mu.
func (g *diskGuard) left() int64 {
	return int64(g.last.Free) - g.Kept() - g.charged.Load() - g.before.Load()
}

// admit tells why a write of n bytes is refused, or nil. Writes that only take data away
// are let in for longer.
func (g *diskGuard) admit(n int, frees bool) error {
	if g.r == 0 {
		return nil
	}
	need := cost(n)
	g.mu.Lock()
	defer g.mu.Unlock()
	floor := g.r / 2
	if frees {
		floor = g.r / 4
	}
	if g.full && !frees || !g.spare(need, floor) {
		return fmt.Errorf("the node's disk is full: %s free", formatFree(g.last))
	}
	return nil
}

// spare takes need bytes if at least floor is left then. Callers hold mu.
func (g *diskGuard) spare(need, floor int64) bool {
	if g.left()-need < floor {
		return false
	}
	g.charged.Add(need)
	return true
}

// admitMerge reports whether an update of a peer is let in. Peers never rest: they stop
// earlier than clients who delete, or these would find nothing left.
func (g *diskGuard) admitMerge(n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.r == 0 || g.spare(cost(n), 3*g.r/8)
}

// cost is what a write of n bytes may take on disk.
func cost(n int) int64 { return int64(n)*diskCost + 1024 }

// await waits until there is space for n bytes that a peer sent. What waits here holds
// the credit of its stream and nothing else.
func (g *diskGuard) await(ctx context.Context, n int) error {
	for !g.admitMerge(n) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(diskEvery):
		}
	}
	return nil
}

// alarm says what is wrong, or "".
func (g *diskGuard) alarm(dir string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.full {
		return ""
	}
	return fmt.Sprintf("the disk of %s is full: %s free; writes are refused until there are %s", dir, formatFree(g.last), mebibytes(g.Kept()+5*g.r/2))
}

func formatFree(u store.Usage) string {
	return fmt.Sprintf("%s of %s", mebibytes(int64(u.Free)), mebibytes(int64(u.Total)))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
