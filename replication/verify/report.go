package verify

import (
	"time"

	"github.com/atollkv/atoll/internal/slotset"
)

// Options say what a verification is to do.
type Options struct {
	// All reads every cell from disk, here and at the peers; otherwise digests that are
	// kept in memory are trusted.
	All bool
	// OwnDisk reads every cell of this node from disk, and trusts the peers' digests.
	OwnDisk bool
	// Repair heals this node's cells where it can be told who is right.
	Repair bool
	// From, with Repair, is the region that is right by order.
	From string
	// Paced holds reading back to Config.CellsPerSecond.
	Paced bool
}

// Progress tells how far a verification is.
type Progress struct {
	// Phase is "read", "compare" or "repair"; Peer the node compared with.
	Phase, Peer string
	// Done of Total: cells read, peers compared, or cells repaired.
	Done, Total uint64
}

// Report is the outcome of one verification.
type Report struct {
	Node  Identity
	Began time.Time
	Took  time.Duration
	// Problem tells why nothing was compared at all.
	Problem string
	Peers   []PeerReport
	// Cells is the number of live cells of this node.
	Cells uint64
	// Unreadable and Damaged are this node's slots that could not be read, or have cells
	// that cannot be decoded, when the verification began.
	Unreadable, Damaged slotset.Set
	// Findings are the cells that differ, at most maxFindings; Counts is of all of them.
	Findings []Finding
	Counts   map[Status]int
	// Passes is how often what was being written was looked at again.
	Passes int
}

// PeerReport is what came of comparing with one peer.
type PeerReport struct {
	Region, Node string
	// Compared slots were equal or their differences are among the findings; Skipped ones
	// were being written, or could not be read, at every try.
	Compared, Skipped int
	Differing         int // slots in which something differed
	// Problem tells why the comparison ended early, or did not happen.
	Problem string
	// Bytes of messages, both ways.
	BytesSent, BytesReceived uint64
}

// Finding is one cell that differs.
type Finding struct {
	// Name is how people call the cell, cut and escaped.
	Name   string
	Slot   int
	Status Status
	// Detail tells more, such as why a repair did not work.
	Detail   string
	Versions []Version
}

// Version is what one node holds of a cell.
type Version struct {
	Region, Node string
	// Digest of the cell; 0 when there is none.
	Digest     uint64
	Unreadable bool
}

// Remaining returns how many cells still differ.
func (r *Report) Remaining() int {
	return r.Counts[Repairable] + r.Counts[PeerWrong] + r.Counts[Undecided]
}

// Incomplete tells that some peer or some part was not compared.
func (r *Report) Incomplete() bool {
	if r.Problem != "" {
		return true
	}
	for _, p := range r.Peers {
		if p.Problem != "" || p.Skipped > 0 {
			return true
		}
	}
	return false
}

// Clean tells that everything was compared and nothing differs any more.
func (r *Report) Clean() bool { return r.Remaining() == 0 && !r.Incomplete() }

// Slots returns the slots with cells that differ still.
func (r *Report) Slots() (out slotset.Set) {
	for _, f := range r.Findings {
		if f.Status != Repaired && f.Status != Gone {
			out.Add(f.Slot)
		}
	}
	return out
}
