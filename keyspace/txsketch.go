package keyspace

import "github.com/atollkv/atoll/crdt"

// Sketch holds the ranks of a HyperLogLog by register; 0 where nothing was added.
type Sketch [crdt.SketchRegisters]byte

// JoinSketch raises s to the ranks of the HyperLogLog at key, in any type shown.
func (tx *Tx) JoinSketch(key []byte, s *Sketch) error {
	return tx.EachField(key, crdt.TypeSketch, func(name []byte, f *crdt.Field) bool {
		if i, ok := crdt.SketchIndex(name); ok {
			s[i] = max(s[i], f.Rank())
		}
		return true
	})
}

// CreateSketch makes the key a HyperLogLog, though perhaps an empty one, whatever it shows.
func (tx *Tx) CreateSketch(key []byte) error { return tx.setSketch(key, crdt.SketchMark(), nil) }

// RaiseRank lets a register of the HyperLogLog at key have a rank, and tells whether it had less.
func (tx *Tx) RaiseRank(key []byte, index int, rank byte) (raised bool, err error) {
	name := crdt.SketchName(index)
	f, err := tx.field(key, crdt.TypeSketch, name)
	if err != nil || f.Rank() >= rank {
		return false, err
	}
	return true, tx.setSketch(key, name, []byte{rank})
}

func (tx *Tx) setSketch(key, name, value []byte) error {
	return tx.changeField(key, crdt.TypeSketch, name, func(f *txField) { f.edit = crdt.Edit{Assign: true, Value: value} })
}

// RaiseSketch makes the key a HyperLogLog with at least the ranks of s.
func (tx *Tx) RaiseSketch(key []byte, s *Sketch) (raised bool, err error) {
	if err := tx.CreateSketch(key); err != nil {
		return false, err
	}
	for i, rank := range s {
		if rank == 0 {
			continue
		}
		up, err := tx.RaiseRank(key, i, rank)
		if err != nil {
			return false, err
		}
		raised = raised || up
	}
	return raised, nil
}
