package verify

import (
	"cmp"
	"slices"
)

// Identity names a node.
type Identity struct{ Cluster, Region, Node string }

// Status says what became of a cell that differs.
type Status string

const (
	// Repaired: this node's cell was wrong, and is as its peers have it now.
	Repaired Status = "repaired"
	// Repairable: this node's cell is wrong; it was not asked to repair it, or could not yet.
	Repairable Status = "repairable"
	// PeerWrong: most nodes hold what this node holds; the others must heal themselves.
	PeerWrong Status = "peer wrong"
	// Undecided: nobody can tell which version is right.
	Undecided Status = "undecided"
	// Gone: a later write or another repair has made the cell equal.
	Gone Status = "gone"
)

// holding is what one node has of a cell.
type holding struct {
	node       Identity
	version    version
	unreadable bool
}

// verdict is what a comparison of holdings comes to.
type verdict struct {
	status Status
	// right is the index of a peer that holds the right version, when Repairable.
	right int
}

// judge decides. The first holding is this node's. Where from is set, that region is
// right by order of the operator.
func judge(all []holding, from string) verdict {
	if from != "" {
		return judgeByOrder(all, from)
	}
	votes := map[version]int{}
	readable := 0
	for _, h := range all {
		if !h.unreadable {
			votes[h.version]++
			readable++
		}
	}
	mine := all[0]
	for i, h := range all[1:] {
		// Two nodes decide against one; where this node cannot read its own, any peer does,
		// unless peers disagree with each other.
		won := votes[h.version] >= 2 && 2*votes[h.version] > readable
		if !h.unreadable && (won || mine.unreadable && len(votes) == 1) && (mine.unreadable || h.version != mine.version) {
			return verdict{Repairable, i + 1}
		}
	}
	others := slices.ContainsFunc(all[1:], func(h holding) bool { return h.unreadable })
	if !mine.unreadable && (votes[mine.version] >= 2 && 2*votes[mine.version] > readable || others && len(votes) == 1) {
		return verdict{status: PeerWrong}
	}
	return verdict{status: Undecided}
}

func judgeByOrder(all []holding, from string) verdict {
	if all[0].node.Region == from {
		return verdict{status: PeerWrong}
	}
	for i, h := range all[1:] {
		if h.node.Region != from || h.unreadable {
			continue
		}
		if !all[0].unreadable && h.version == all[0].version {
			return verdict{status: PeerWrong}
		}
		return verdict{Repairable, i + 1}
	}
	return verdict{status: Undecided}
}

func sortDifferences(list []difference) {
	slices.SortFunc(list, func(a, b difference) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), cmp.Compare(a.hash, b.hash))
	})
}
