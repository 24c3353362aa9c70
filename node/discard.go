package node

import (
	"context"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/server"
)

// discard shuts out the updates of a member that come from the future: what it wrote is sealed at what
// the others have applied, as when it is removed, and in the same step it is a member again, in a new
// life. What lies above the seals is kept aside. It goes on where an earlier attempt stopped.
func (m *remover) discard(ctx context.Context, name string) (registry.Member, error) {
	m.one.Lock()
	defer m.one.Unlock()
	if err := m.discardable(name); err != nil {
		return registry.Member{}, err
	}
	begin := func(*registry.Registry) (*registry.Course, error) { return registry.NewDiscard(name, m.roll.self), nil }
	if err := m.follow(ctx, []string{name}, begin); err != nil {
		return registry.Member{}, err
	}
	m.tellAll(ctx, m.others(m.roll.get()))
	out, _ := m.roll.get().Get(name)
	return out, nil
}

// discardable is why a member cannot be sealed because of its clock, or nil.
func (m *remover) discardable(name string) error {
	x, known := m.roll.get().Get(name)
	switch {
	case name == m.roll.self:
		return server.Errorf(server.CodeInvalid, "%s cannot discard its own updates; ask another member", name)
	case !known || x.State == registry.Removed:
		return server.Errorf(server.CodeInvalid, "no member %.64q", name)
	case x.State != registry.Sealing && !slices.Contains(m.parked(), name):
		return server.Errorf(server.CodeInvalid, "%s holds nothing back of %.64q; ask the member that does", m.roll.self, name)
	}
	return nil
}

// parkedMembers names the members whose updates are held back because of their stamps.
func (n *Node) parkedMembers() (out []string) {
	for _, p := range n.shard.Stats().Waiting.ParkedBy {
		region, node := n.parkedOwner(p)
		out = append(out, region+"/"+node)
	}
	return out
}

// waitingOrigins names the origins whose updates are parked or held, with their members.
func (n *Node) waitingOrigins() map[clock.Origin]string {
	out := map[clock.Origin]string{}
	w := n.shard.Stats().Waiting
	for _, list := range [...][]keyspace.Parked{w.ParkedBy, w.HeldBy} {
		for _, p := range list {
			region, node := n.parkedOwner(p)
			out[p.Origin] = region + "/" + node
		}
	}
	return out
}
