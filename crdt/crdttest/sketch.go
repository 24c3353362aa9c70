package crdttest

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// RankView prints a register of a HyperLogLog and its rank.
func RankView(name string, f crdt.Field) string { return rankText(name, int64(f.Rank())) }

func rankText(name string, rank int64) string { return fmt.Sprintf("%x=%d", name, rank) }

// specRanks returns the registers that the rules give: of each the greatest rank that nothing has deleted.
func specRanks(visible []Op) (out []string) {
	for _, name := range namesOf(visible) {
		rank := int64(0)
		for _, o := range surviving(visible, "pfadd", clears) {
			if o.Field == name {
				rank = max(rank, o.Delta)
			}
		}
		if rank > 0 {
			out = append(out, rankText(name, rank))
		}
	}
	return out
}

func sketchClaim(visible []Op) *Op { return claims(visible, "", nil, "pfadd") }

// sketchCommand raises the rank of a register.
func (h *history) sketchCommand(s *State, op *Op) crdt.Change {
	name := crdt.SketchName(h.rng.IntN(3))
	f := s.Ranks[string(name)]
	op.Field, op.Delta = string(name), min(int64(f.Rank())+1+h.rng.Int64N(3), crdt.SketchRankMax)
	edit := crdt.Edit{Assign: true, Value: []byte{byte(op.Delta)}}
	return crdt.Change{Ranks: []crdt.FieldChange{{Name: slices.Clone(name), Edit: edit}}}
}
