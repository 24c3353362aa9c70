package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership"
	"github.com/atollkv/atoll/replication"
)

// metaMembers is the store's record of every member this node has known, so that status lists them
// and gossip asks them after a restart, also when nobody answers.
const metaMembers = "node/members"

const (
	membersVersion = 1
	maxMemberBytes = 1 << 20
)

// roster is every member this node has ever known. Gossip adds to it; nothing but an operator's
// decision will take from it.
type roster struct {
	db    meta
	self  membership.Member
	roll  *roll         // set before anything runs
	dirty chan struct{} // capacity 1: what is on disk is older
	// changed is called by run after somebody was found or has another address.
	changed func()

	mu      sync.Mutex
	members map[string]membership.Member // guarded by mu; by name, without self
}

// openRoster reads what was remembered. A damaged record is an error: the store is then damaged too.
func openRoster(db meta, self membership.Member) (*roster, error) {
	b, err := db.Meta(metaMembers)
	if err != nil {
		return nil, fmt.Errorf("read known members: %w", err)
	}
	known, err := decodeMembers(b)
	if err != nil {
		return nil, fmt.Errorf("read known members: %w", err)
	}
	self.Self, self.State = true, membership.Alive
	r := &roster{db: db, self: self, dirty: make(chan struct{}, 1), members: map[string]membership.Member{}}
	for _, m := range known {
		if m.Name() != self.Name() {
			r.members[m.Name()] = m
		}
	}
	return r, nil
}

// known returns the others, sorted by name.
func (r *roster) known() []membership.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]membership.Member, 0, len(r.members))
	for _, m := range r.members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b membership.Member) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

// all returns every member with this node, sorted by name.
func (r *roster) all() []membership.Member {
	out := append(r.known(), r.self)
	slices.SortFunc(out, func(a, b membership.Member) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

// learn takes what gossip reported.
func (r *roster) learn(m membership.Member) {
	if m.Name() == r.self.Name() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.members[m.Name()]
	r.members[m.Name()] = m
	if old.Address != m.Address || old.GossipAddress != m.GossipAddress || old.HTTPAddress != m.HTTPAddress {
		signal(r.dirty)
	}
}

// meet takes what replication found out about a peer: without gossip that is how members are known.
func (r *roster) meet(id replication.Identity) {
	region, name, ok := strings.Cut(id.Node, "/")
	if !ok || id.Node == r.self.Name() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.members[id.Node]; ok || len(r.members) >= maxMemberBytes/1024 {
		return
	}
	r.members[id.Node] = membership.Member{Region: region, Node: name, Address: id.Address}
	signal(r.dirty)
}

// peers returns whom replication talks to: the configured addresses, and the known members.
func (r *roster) peers(configured []string) []replication.Peer {
	var out []replication.Peer
	for _, address := range configured {
		out = append(out, replication.Peer{Address: address, Configured: true})
	}
	for _, m := range r.known() {
		if m.Address != "" {
			out = append(out, replication.Peer{Address: m.Address, Node: m.Name(), Region: m.Region})
		}
	}
	return r.decided(out)
}

// run reports and writes the record whenever it has changed, until ctx ends.
func (r *roster) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.dirty:
		}
		if err := r.note(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		r.changed()
		if err := r.db.SetMeta(metaMembers, encodeMembers(r.known())); err != nil {
			return fmt.Errorf("write known members: %w", err)
		}
	}
}

// encodeMembers writes: a version byte, uvarint count, then of each member region, node, address,
// HTTP address and gossip address as uvarint length and bytes.
func encodeMembers(members []membership.Member) []byte {
	b := binary.AppendUvarint([]byte{membersVersion}, uint64(len(members)))
	for _, m := range members {
		for _, s := range [...]string{m.Region, m.Node, m.Address, m.HTTPAddress, m.GossipAddress} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}

var errMembers = errors.New("malformed record of members")

func decodeMembers(b []byte) ([]membership.Member, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[0] != membersVersion || len(b) > maxMemberBytes {
		return nil, fmt.Errorf("%w: version %d, %d bytes", errMembers, b[0], len(b))
	}
	n, b, err := clock.Uvarint(b[1:])
	if err != nil || n > uint64(len(b)) {
		return nil, fmt.Errorf("%w: count", errMembers)
	}
	var out []membership.Member
	for range n {
		var m membership.Member
		for _, field := range [...]*string{&m.Region, &m.Node, &m.Address, &m.HTTPAddress, &m.GossipAddress} {
			size, rest, err := clock.Uvarint(b)
			if err != nil || size > uint64(len(rest)) {
				return nil, fmt.Errorf("%w: length", errMembers)
			}
			*field, b = string(rest[:size]), rest[size:]
		}
		out = append(out, m)
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errMembers, len(b))
	}
	return out, nil
}

// signal wakes whoever waits on a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
