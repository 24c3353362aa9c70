package replication

import (
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// Acks remembers what each member is known to hold durably. It is not safe for
// concurrent use.
type Acks struct {
	members []string
	vectors map[string]map[store.ShardID]clock.VersionVector
}

// NewAcks returns an Acks of no members.
func NewAcks() *Acks {
	return &Acks{vectors: make(map[string]map[store.ShardID]clock.VersionVector)}
}

// SetMembers names the members that count; what others acknowledged is forgotten.
func (a *Acks) SetMembers(members []string) {
	a.members = slices.Clone(members)
	for m := range a.vectors {
		if !slices.Contains(a.members, m) {
			delete(a.vectors, m)
		}
	}
}

// Set replaces what a member holds. It may go back: a member restored from a backup
// holds less than it once did. Those that are not members are ignored.
func (a *Acks) Set(member string, shard store.ShardID, v clock.VersionVector) {
	if !slices.Contains(a.members, member) {
		return
	}
	if a.vectors[member] == nil {
		a.vectors[member] = make(map[store.ShardID]clock.VersionVector)
	}
	a.vectors[member][shard] = v
}

// Get returns what a member holds, and whether it ever told.
func (a *Acks) Get(member string, shard store.ShardID) (clock.VersionVector, bool) {
	v, ok := a.vectors[member][shard]
	return v, ok
}

// Min returns what this node and all members hold durably: up to there the op log may
// be truncated. It is empty while a member has never told. Origins that are retired count
// by the table that local carries; local names those whose log is to be truncated.
func (a *Acks) Min(shard store.ShardID, local clock.VersionVector) clock.VersionVector {
	low := local
	for _, m := range a.members {
		v, ok := a.vectors[m][shard]
		if !ok {
			return clock.VersionVector{}
		}
		low = meet(low, v.Carry(local.Retired()))
	}
	return low
}

// meet returns the greatest lower bound of v and w.
func meet(v, w clock.VersionVector) clock.VersionVector {
	entries := make([]clock.Entry, 0, v.Len())
	for _, e := range v.Entries() {
		entries = append(entries, clock.Entry{Origin: e.Origin, Seq: min(e.Seq, w.Get(e.Origin))})
	}
	return clock.VectorOf(entries...)
}
