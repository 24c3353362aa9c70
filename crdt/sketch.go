package crdt

import (
	"encoding/binary"
	"fmt"
)

// A HyperLogLog estimates how many different elements were added to it (Flajolet et al., "HyperLogLog: the analysis of a
// near-optimal cardinality estimation algorithm", 2007). Each of its registers that is not 0 is a cell of its own with the
// content of a field without a counter: a register in our sense, whose value is a rank. Of concurrent ranks
// the greatest counts, whatever their stamps, so union is merge; and since ranks have dots, a deletion
// removes those that it had seen, and no other.

// Sketch sizes: 2^14 registers, of ranks up to 64 - 14 + 1.
const (
	SketchRegisters = 1 << 14
	SketchRankMax   = 51

	sketchMark = 0xffff // names the cell that an empty HyperLogLog has
)

// SketchName returns the name of a register of a HyperLogLog.
func SketchName(index int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(index)) }

// SketchMark names the cell that says that there is a HyperLogLog, though perhaps an empty one. Its value
// is empty.
func SketchMark() []byte { return SketchName(sketchMark) }

// SketchIndex is the inverse of SketchName; ok is false for the mark, and what is no name.
func SketchIndex(name []byte) (index int, ok bool) {
	if len(name) != 2 {
		return 0, false
	}
	index = int(binary.BigEndian.Uint16(name))
	return index, index < SketchRegisters
}

// Rank returns the rank that a cell of a HyperLogLog shows: the greatest of its siblings.
func (f *Field) Rank() (rank byte) {
	for _, s := range f.Register.Siblings {
		if len(s.Value) == 1 {
			rank = max(rank, s.Value[0])
		}
	}
	return rank
}

// DecodeSketch reads a cell of a HyperLogLog as Append wrote it; the result shares b. Errors match
// ErrMalformed.
func DecodeSketch(b []byte) (Field, error) {
	f, err := DecodeItem(b)
	for _, s := range f.Register.Siblings {
		if err == nil && !isRank(s.Value) && len(s.Value) > 0 {
			err = fmt.Errorf("%w: rank %.8x", ErrMalformed, s.Value)
		}
	}
	return f, err
}

func isRank(b []byte) bool { return len(b) == 1 && b[0] >= 1 && b[0] <= SketchRankMax }

func checkSketchName(name []byte) error {
	if _, ok := SketchIndex(name); !ok && string(name) != string(SketchMark()) {
		return fmt.Errorf("%w: register %.8x", ErrMalformed, name)
	}
	return nil
}

// checkSketch refuses what cannot be done to a cell of a HyperLogLog: it is only written.
func (f *FieldChange) checkSketch() error {
	if err := checkSketchName(f.Name); err != nil {
		return err
	}
	_, ranked := SketchIndex(f.Name)
	if f.Clear || f.Increment != nil || !f.Assign || ranked != isRank(f.Value) || !ranked && len(f.Value) > 0 {
		return fmt.Errorf("%w: change of register %x", ErrMalformed, f.Name)
	}
	return nil
}
