package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/adminserver"
	"github.com/atollkv/atoll/store"
)

// learnWithin bounds how long a stream waits until what a peer told holds here.
const learnWithin = 10 * time.Second

// openRoll reads who belongs to the cluster. It comes before the shard, which is told the limits.
func (n *Node) openRoll() (err error) {
	self := n.cfg.Region + "/" + n.cfg.Node
	b, err := n.db.Meta(metaMembers)
	if err != nil {
		return fmt.Errorf("read known members: %w", err)
	}
	known, err := decodeMembers(b)
	if err != nil {
		return fmt.Errorf("read known members: %w", err)
	}
	var found []registry.Member
	for _, m := range known {
		found = append(found, registry.Member{Name: m.Name(), Address: m.Address})
	}
	n.roll, err = openRoll(n.db, self, n.cfg.AdvertiseAddress(), found)
	return err
}

// wireRoll joins the roll with what it needs and what needs it.
func (n *Node) wireRoll(transport *grpctransport.Transport) {
	n.roll.shard, n.roll.owner = n.shard, n.origins.owner
	n.roll.ahead = func(o clock.Origin) clock.Seq { return n.shard.TransferState().AheadTo.Get(o) }
	n.roll.changed, n.roll.waiting = n.setPeers, n.waitingOrigins
	n.roster.roll = n.roll
	n.salvage = &salvage{shard: n.shard, roll: n.roll}
	n.roll.shut = n.salvage.shut
	n.remover = &remover{
		roll: n.roll, unnamed: n.unnamedPeers, has: n.durable, now: n.hlc.Now,
		parked: n.parkedMembers,
		tell: func(ctx context.Context, name string, encoded []byte) (*registry.Registry, []registry.Head, error) {
			if region := regionOf(name); n.cuts.Blocked(region) || n.cuts.Deaf(region) {
				return nil, nil, replication.ErrCut
			}
			address := n.roster.addressOf(name)
			if address == "" {
				return nil, nil, fmt.Errorf("the address of %s is not known", name)
			}
			return transport.Tell(ctx, address, n.local, encoded)
		},
	}
}

func (n *Node) setPeers() { n.replicator.SetPeers(n.roster.peers(n.cfg.Peers)) }

// unnamedPeers returns the configured peers that were never reached.
func (n *Node) unnamedPeers() (out []string) {
	named := map[string]bool{}
	for _, p := range n.replicator.Status() {
		named[p.Address] = p.Node != ""
	}
	for _, m := range n.roll.get().All() {
		named[n.roster.addressOf(m.Name)] = true
	}
	for _, a := range n.cfg.Peers {
		if !named[a] && a != n.local.Address {
			out = append(out, a)
		}
	}
	return out
}

// learn takes the registry of a peer.
func (n *Node) learn(peer replication.Identity, encoded []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), learnWithin)
	defer cancel()
	return n.roll.learn(ctx, peer.Node, encoded)
}

// addressOf returns where a member is reached: as found last, else as it was when it was decided about.
func (r *roster) addressOf(name string) string {
	r.mu.Lock()
	m := r.members[name]
	r.mu.Unlock()
	if m.Address != "" {
		return m.Address
	}
	known, _ := r.roll.get().Get(name)
	return known.Address
}

// decided returns the peers that only the registry knows, and marks those of members that were removed.
func (r *roster) decided(peers []replication.Peer) []replication.Peer {
	for _, m := range r.roll.get().All() {
		if m.Name == r.self.Name() {
			continue
		}
		address, removed := r.addressOf(m.Name), m.State == registry.Removed
		found := false
		for i := range peers {
			if peers[i].Address == address {
				peers[i].Removed, found = removed, true
			}
		}
		if !found && address != "" {
			peers = append(peers, replication.Peer{Address: address, Node: m.Name, Region: m.Region(), Removed: removed})
		}
	}
	return peers
}

// note tells the registry of everybody that was met.
func (r *roster) note(ctx context.Context) error {
	for _, m := range r.known() {
		if err := r.roll.found(ctx, m.Name(), m.Address); err != nil {
			return err
		}
	}
	return nil
}

// isRemoved is why this node serves no client, or nil.
func (n *Node) isRemoved(writes bool) *server.Error {
	state, why := n.roll.state()
	if why == "" || state == registry.Leaving && !writes {
		return nil
	}
	return server.Errorf(server.CodeRemoved, "%s", why)
}

// membersAlarms finds what is wrong with members.
func (n *Node) membersAlarms(out map[string]string) {
	if state, why := n.roll.state(); why != "" && state != registry.Leaving {
		out[alarmRemoved] = why
	}
	stats := n.shard.Stats()
	if stats.Aside.Records > 0 {
		out[alarmAside] = fmt.Sprintf("%d updates of %d origins came after their seal and are kept aside; see: atoll salvage list", stats.Aside.Records, stats.Aside.Origins)
	}
	if above := slices.DeleteFunc(slices.Clone(stats.Above), n.isOwn); len(above) > 0 {
		out[alarmAbove] = fmt.Sprintf("this node has applied updates of a removed member that no other has (origins %v): nothing that depends on them is taken by the others; "+
			"stop it, run `%s`, start it again, and it begins anew", above, store.ReloadCommand(n.cfg.DataDir))
	}
}

func (n *Node) isOwn(o clock.Origin) bool {
	region, node := n.origins.owner(o)
	return region == n.cfg.Region && node == n.cfg.Node
}

func (n *Node) newMembersAdmin() adminserver.MembersConfig {
	return adminserver.MembersConfig{
		List: func() []registry.Member { return n.roll.get().All() },
		Owed: func(m registry.Member) uint64 { return owed(m, n.durable()) },
		Add: func(ctx context.Context, name, address string) (registry.Member, error) {
			m, err := n.remover.add(ctx, name, address)
			n.log.Warn("member added by command", "member", name, "address", address, "error", err)
			return m, err
		},
		Remove: func(ctx context.Context, names []string, force bool) ([]registry.Member, error) {
			out, err := n.remover.remove(ctx, names, force)
			n.log.Warn("members removed by command", "members", names, "force", force, "error", err)
			return out, err
		},
		Discard: func(ctx context.Context, name string) (registry.Member, error) {
			m, err := n.remover.discard(ctx, name)
			n.log.Warn("updates from the future discarded by command", "member", name, "error", err)
			return m, err
		},
		Kept: n.salvage.list, Replay: n.salvage.replay, Drop: n.salvage.drop,
	}
}
