package replication

import (
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// AckedRegions returns the other regions in which a peer has told that it holds an update durably,
// ascending. Members that are removed do not count.
func (r *Replicator) AckedRegions(id store.ShardID, d clock.Dot) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string]bool{}
	for address, p := range r.peers {
		region := cmpOr(r.regions[address], p.peer.Region)
		v, told := r.acked[r.nodeAt(address)][id]
		if told && region != "" && region != r.cfg.Local.Region && !p.peer.Removed && v.Covers(d) {
			found[region] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
