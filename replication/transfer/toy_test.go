package transfer

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

func sorted(keys []string) []string {
	slices.Sort(keys)
	return keys
}

// toy is the dumbest state there is: cells that are copied, not merged.
type toy struct {
	mu       sync.Mutex
	cells    []store.Cell // ascending
	heads    []store.Head
	pos      Position
	offered  []store.Head
	applied  int
	snapping int // snapshots that are open
}

func toyWith(n, bytesEach int) *toy {
	t := &toy{heads: []store.Head{{Origin: 1, Seq: clock.Seq(n), Hash: 7, Time: 1 << 16}}}
	for i := range n {
		t.cells = append(t.cells, store.Cell{
			Key: fmt.Appendf(nil, "key:%08d", i), Value: bytes.Repeat([]byte{byte('a' + i%26)}, bytesEach),
		})
	}
	return t
}

func (t *toy) Durable(store.ShardID) clock.VersionVector { return vectorOf(t.headList(0)) }

func (t *toy) headList(store.ShardID) []store.Head {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.heads)
}

func (t *toy) Snapshot(context.Context, store.ShardID) (Snapshot, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.snapping++
	return &toySnapshot{toy: t, heads: slices.Clone(t.heads), cells: slices.Clone(t.cells)}, nil
}

type toySnapshot struct {
	toy   *toy
	heads []store.Head
	cells []store.Cell
}

func (s *toySnapshot) Ends() []byte { return []byte{0} }

func (s *toySnapshot) Heads() []store.Head { return s.heads }
func (s *toySnapshot) Declared() ([]Declared, error) {
	return []Declared{{Origin: 1, Region: "us", Node: "n1"}}, nil
}

func (s *toySnapshot) Close() error {
	s.toy.mu.Lock()
	defer s.toy.mu.Unlock()
	s.toy.snapping--
	return nil
}

func (s *toySnapshot) Next(after []byte, maxBytes int) (*Chunk, error) {
	c := &Chunk{After: after}
	size := 0
	for i, cell := range s.cells {
		if bytes.Compare(cell.Key, after) <= 0 {
			continue
		}
		c.Cells = append(c.Cells, cell)
		if size += len(cell.Key) + len(cell.Value); size >= maxBytes && i < len(s.cells)-1 {
			c.UpTo = cell.Key
			break
		}
	}
	return c, nil
}

// Apply implements Applier.
func (t *toy) Apply(_ context.Context, _ store.ShardID, step Step) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch step := step.(type) {
	case *Begin:
		t.offered = step.Heads
		t.pos.Active = true
	case *Chunk:
		if !bytes.Equal(step.After, t.pos.UpTo) {
			return fmt.Errorf("%w: chunk after %q at %q", replication.ErrMalformed, step.After, t.pos.UpTo)
		}
		t.cells = append(t.cells, step.Cells...)
		t.pos.UpTo, t.pos.Cells = step.UpTo, t.pos.Cells+uint64(len(step.Cells))
		t.pos.Done = 0.5
		if step.Last() {
			t.pos.Done = 1
		}
		t.applied++
	case *End:
		t.heads, t.pos = t.offered, Position{}
	}
	return nil
}

// Position implements Applier.
func (t *toy) Position(store.ShardID) Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pos
}

func (t *toy) equal(other *toy) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	return slices.EqualFunc(t.cells, other.cells, func(a, b store.Cell) bool {
		return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
	}) && vectorOf(t.heads).Equal(vectorOf(other.heads))
}
