package transfer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const (
	// ChunkBytes is what a donor aims at: keys and values of one chunk.
	ChunkBytes = 256 << 10
	// ChunkBytesMax bounds the keys and values of a chunk without its last cell.
	ChunkBytesMax = 1 << 20
	// CellBytesMax bounds one cell: a register with many siblings of the greatest size.
	CellBytesMax = 256 << 20
	// PartBytes bounds one message: a large chunk travels in parts.
	PartBytes = 256 << 10

	chunkVersion = 1
	flagLast     = 1
)

// Chunk is a range of a snapshot: all its cells with After < key ≤ UpTo, ascending. UpTo
// is nil in the last chunk, and After in the first.
type Chunk struct {
	After, UpTo []byte
	// Beyond is what these cells contain beyond the snapshot's vector, when the donor is
	// being caught up by state itself.
	Beyond clock.VersionVector
	Cells  []store.Cell
}

// Last reports whether no chunk follows.
func (c *Chunk) Last() bool { return c.UpTo == nil }

// size returns the bytes of keys and values.
func (c *Chunk) size() (n int) {
	for _, cell := range c.Cells {
		n += len(cell.Key) + len(cell.Value)
	}
	return n
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends the encoding of the chunk: see docs/formats/transfer.md. A key is told
// by what it does not share with the one before.
func (c *Chunk) Append(b []byte) []byte {
	begin := len(b)
	b = append(b, chunkVersion, 0)
	if c.Last() {
		b[begin+1] = flagLast
	}
	b = appendBytes(b, c.After)
	b = appendBytes(b, c.UpTo)
	b = c.Beyond.Append(b)
	b = binary.AppendUvarint(b, uint64(len(c.Cells)))
	previous := c.After
	for _, cell := range c.Cells {
		shared := sharedPrefix(previous, cell.Key)
		b = binary.AppendUvarint(b, uint64(shared))
		b = appendBytes(b, cell.Key[shared:])
		b = appendBytes(b, cell.Value)
		previous = cell.Key
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func sharedPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// DecodeChunk reads what Append wrote; anything else is refused with
// replication.ErrMalformed. The values are part of b, which must not be changed.
func DecodeChunk(b []byte) (*Chunk, error) {
	c, err := decodeChunk(b)
	if err != nil {
		return nil, fmt.Errorf("%w: chunk of %d bytes: %w", replication.ErrMalformed, len(b), err)
	}
	return c, nil
}

func decodeChunk(b []byte) (*Chunk, error) {
	if len(b) < 6 || b[0] != chunkVersion || b[1] > flagLast {
		return nil, fmt.Errorf("version or flags unknown")
	}
	sum := binary.BigEndian.Uint32(b[len(b)-4:])
	last := b[1] == flagLast
	b = b[:len(b)-4]
	if got := crc32.Checksum(b, castagnoli); got != sum {
		return nil, fmt.Errorf("checksum %08x, want %08x: damaged on the way", got, sum)
	}
	c := &Chunk{}
	var err error
	if c.After, b, err = takeBytes(b[2:]); err != nil {
		return nil, err
	}
	if c.UpTo, b, err = takeBytes(b); err != nil {
		return nil, err
	}
	if last != (len(c.UpTo) == 0) {
		return nil, fmt.Errorf("end of the range: last is %v, bound has %d bytes", last, len(c.UpTo))
	}
	if last {
		c.UpTo = nil
	}
	if len(c.After) == 0 {
		c.After = nil
	}
	if c.Beyond, b, err = clock.DecodeVector(b); err != nil {
		return nil, err
	}
	if b, err = c.takeCells(b); err == nil && len(b) > 0 {
		err = fmt.Errorf("%d bytes too many", len(b))
	}
	return c, err
}

// takeCells reads the cells and refuses keys that do not ascend inside the range.
func (c *Chunk) takeCells(b []byte) ([]byte, error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > uint64(len(b)/3) {
		return nil, fmt.Errorf("count of cells")
	}
	c.Cells = make([]store.Cell, 0, n)
	// The keys share allocations; these grow as keys are read, never by what is claimed.
	arena := make([]byte, 0, min(ChunkBytesMax, 2*len(b)/3))
	previous, size := c.After, 0
	for range n {
		if size >= ChunkBytesMax {
			return nil, fmt.Errorf("more cells after %d bytes, at most %d", size, ChunkBytesMax)
		}
		var cell store.Cell
		if cell, arena, b, err = takeCell(b, previous, arena); err != nil {
			return nil, err
		}
		size += len(cell.Key) + len(cell.Value)
		if len(cell.Key) == 0 || bytes.Compare(cell.Key, previous) <= 0 || c.UpTo != nil && bytes.Compare(cell.Key, c.UpTo) > 0 {
			return nil, fmt.Errorf("key %x not ascending in (%x, %x]", clip(cell.Key), clip(previous), clip(c.UpTo))
		}
		c.Cells, previous = append(c.Cells, cell), cell.Key
	}
	return b, nil
}

// takeCell reads one cell; its key is built in the arena.
func takeCell(b, previous, arena []byte) (cell store.Cell, newArena, rest []byte, err error) {
	shared, b, err := clock.Uvarint(b)
	if err != nil || shared > uint64(len(previous)) {
		return cell, nil, nil, fmt.Errorf("shared prefix of a key")
	}
	own, b, err := takeBytes(b)
	if err != nil {
		return cell, nil, nil, err
	}
	if int(shared) < len(previous) && len(own) > 0 && own[0] == previous[shared] {
		return cell, nil, nil, fmt.Errorf("shared prefix of a key is longer than told")
	}
	if cell.Value, b, err = takeBytes(b); err != nil {
		return cell, nil, nil, err
	}
	if len(cell.Value) == 0 || int(shared)+len(own)+len(cell.Value) > CellBytesMax {
		return cell, nil, nil, fmt.Errorf("cell without a value, or too large")
	}
	begin := len(arena)
	arena = append(append(arena, previous[:shared]...), own...)
	cell.Key = arena[begin:len(arena):len(arena)]
	return cell, arena, b, nil
}

func takeBytes(b []byte) (s, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, nil, fmt.Errorf("length of a field")
	}
	return b[:n:n], b[n:], nil
}

// clip shortens a key for a message: keys are data of users.
func clip(key []byte) []byte { return key[:min(len(key), 8)] }
