package node

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/store"
)

// reportAfter is how long a node that has nothing to write waits before it writes an empty record, so
// that the others can end an origin.
const reportAfter = 2 * time.Second

// endings says when the shard ends the origins that restarts have left behind.
func (n *Node) endings() keyspace.EndsConfig {
	return keyspace.EndsConfig{Members: n.roll.reporters, After: n.cfg.Origins.EndAfter, ReportAfter: reportAfter, Stale: n.isStale}
}

// reporters returns the members that must have seen an origin to its end before it is forgotten, and
// those that were removed.
func (r *roll) reporters() (active, removed []crdt.Declaration) {
	for _, m := range r.get().All() {
		region, node, _ := strings.Cut(m.Name, "/")
		who := crdt.Declaration{Region: region, Node: node}
		if m.State == registry.Removed {
			removed = append(removed, who)
		} else {
			active = append(active, who)
		}
	}
	return active, removed
}

// allHeads returns a shard's durable heads, those of retired origins among them.
func allHeads(s *keyspace.Shard) []store.Head {
	heads, _ := s.Durable()
	ended, _ := s.Ended()
	return slices.SortedFunc(slices.Values(slices.Concat(heads, ended)), func(a, b store.Head) int { return cmp.Compare(a.Origin, b.Origin) })
}
