package node

import (
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// MemoryConfig bounds the memory of the process.
type MemoryConfig struct {
	// LimitBytes is what the process shall not exceed; 0 is half of what the host or its
	// container has.
	LimitBytes int64
}

const (
	// programBytes is what the program takes before it holds anything: its text, and what
	// the runtime needs beside the heap.
	programBytes = 50 << 20
	// minMemoryBytes is the smallest limit that is kept under load.
	minMemoryBytes = 112 << 20
)

// budget is how the memory is shared out. docs/operations.md has the table.
type budget struct {
	limit int64
	// cache is the block cache, memTable one of the store's tables in memory, cells what keeps
	// the cells that were written or read lately: they lie outside the heap, and slack is what
	// their allocator wastes.
	cache, memTable, cells, slack int64
	// memTables is how many tables the store keeps before it holds writes back. Few large
	// ones are better than many small ones: a commit larger than half a table is flushed
	// by itself, with a log of its own.
	memTables int
	// heap is the limit of Go's heap: what is left.
	heap int64
	// ring keeps recent frames for peers; window is the credit of one peer's stream.
	ring, window int64
	// intake bounds the requests that are read and served, stream those of one stream, and
	// unread what a client may send before somebody reads it.
	intake, stream, unread int64
}

// memTableMax bounds a table; there are more when they are that large.
const memTableMax = 64 << 20

// shareOut makes the budget of a configuration. available is the memory of the host or
// container, disk the size of the disk; 0 is unknown.
func (c *Config) shareOut(available, disk uint64) budget {
	b := budget{limit: c.Memory.LimitBytes}
	if b.limit == 0 {
		b.limit = max(int64(available/2), minMemoryBytes)
	}
	rest := b.limit - programBytes
	b.cache = min(c.CacheBytes, rest/8)
	b.cells = b.cache / 4 * 3
	b.cache -= b.cells
	b.memTable, b.memTables = min(memTableMax, rest/16), 2
	if b.memTable == memTableMax {
		b.memTables = 4
	}
	if disk > 0 {
		b.memTable = min(b.memTable, int64(disk/128)) // the disk keeps free what all of them take
	}
	b.memTable = max(b.memTable, 1<<20)
	b.slack = rest / 16
	b.heap = rest - b.cache - b.cells - int64(b.memTables)*b.memTable - b.slack
	b.ring = min(64<<20, rest/16)
	b.window = max(min(8<<20, rest/64), 256<<10)
	b.intake = max(rest/20, 2<<20)
	b.stream = min(64<<20, b.intake/2)
	b.unread = max(min(1<<20, rest/512), 64<<10)
	return b
}

// heapGrowth is by how much of what lives the heap grows between two collections, in percent, unless GOGC says so. Twice
// as much made writes no cheaper, and took 50 MiB more.
const heapGrowth = 50

// limitHeap tells the runtime; it collects harder near the limit.
func (b budget) limitHeap() {
	debug.SetMemoryLimit(b.heap)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// diskSize is the size of the disk under a directory that may not exist yet; 0 is
// unknown.
func diskSize(dir string) uint64 {
	at, err := filepath.Abs(dir)
	if err != nil {
		return 0
	}
	for {
		if u, err := vfs.Default.GetDiskUsage(at); err == nil {
			return u.TotalBytes
		}
		if at == filepath.Dir(at) {
			return 0
		}
		at = filepath.Dir(at)
	}
}
