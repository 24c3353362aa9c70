package verify

import (
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
)

// Bounds of a conversation.
const (
	// maxSymbols bounds one batch of symbols, maxSlotSymbols and maxCellSymbols a sketch.
	maxSymbols     = 8192
	maxSlotSymbols = 4 * slotset.Slots
	maxCellSymbols = 1 << 20
	// groupCells is how many cells the asking side puts into a group; the answering side
	// takes up to maxGroupCells.
	groupCells    = 1 << 18
	maxGroupCells = 2 * groupCells
	maxParts      = 1 << 16
	// maxFetch bounds the cells of one Fetch, fetchBytes the values in one answer (one
	// greater value is sent alone), MaxValueBytes that value.
	maxFetch      = 1024
	fetchBytes    = 1 << 20
	MaxValueBytes = 15 << 20
	// MaxMessageBytes bounds every message.
	MaxMessageBytes = 17 << 20
	maxName         = 256
)

// Request is what the asking side sends: *Open, *Root, *SlotSketch, *CellSketch or *Fetch.
type Request interface{ request() }

// Response is what the answering side sends: *Opened, *Totals, *Symbols or *Cells.
type Response interface{ response() }

// Open begins a comparison. The other side pins its state.
type Open struct {
	Cluster, Region, Node string
	Vector                clock.VersionVector
	// All asks the other side to read its disk instead of trusting kept digests.
	All bool
	// Salt goes into the hashes of keys.
	Salt uint64
}

// Opened answers Open.
type Opened struct {
	Region, Node string
	Vector       clock.VersionVector
	// Refused tells why the state cannot be compared now; empty when it can.
	Refused string
}

// Root says what is comparable for the asking side and still to be compared.
type Root struct{ Slots slotset.Set }

// Totals answers Root: what is comparable for the answering side, and the sum of digests
// over the slots in both. Damaged are slots with cells that it cannot read.
type Totals struct {
	Slots, Damaged   slotset.Set
	Cells, High, Low uint64
}

// SlotSketch asks for the next symbols over the digests of the common slots.
type SlotSketch struct{ Count int }

// CellSketch asks for the next symbols over the cells of a group. With New the group is
// as given; otherwise it is that of the request before.
type CellSketch struct {
	New         bool
	Slots       slotset.Set
	Part, Parts uint64
	Count       int
}

// Symbols answers SlotSketch and CellSketch. TooMany, in place of symbols, is the number
// of cells of a group that is too large.
type Symbols struct {
	Bytes   []byte
	TooMany uint64
}

// Fetch asks for cells of the present group by their hashes. Named ones are wanted with
// their keys; Values tells whether values are wanted at all.
type Fetch struct {
	Hashes []uint64
	Named  []uint64
	Values bool
}

// Cells answers Fetch, with as many of them as fit. Done: the rest do not exist.
type Cells struct {
	Cells []Cell
	Done  bool
}

// Cell is one cell.
type Cell struct {
	// Index is the place of its hash in the request: Hashes first, then Named.
	Index int
	Key   []byte // empty unless asked for
	Value []byte
	// TooLarge: the value is above MaxValueBytes and left out.
	TooLarge bool
}

func (*Open) request()       {}
func (*Root) request()       {}
func (*SlotSketch) request() {}
func (*CellSketch) request() {}
func (*Fetch) request()      {}
func (*Opened) response()    {}
func (*Totals) response()    {}
func (*Symbols) response()   {}
func (*Cells) response()     {}
