package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// metaRoll is the store's record of the registry of members.
const metaRoll = "node/registry"

// limited is the part of keyspace.Shard that the roll needs.
type limited interface {
	SetLimits(context.Context, keyspace.Limits) ([]store.Head, error)
}

// roll keeps the registry of members: stored before it holds, and told to peers when it is stored.
type roll struct {
	db   meta
	self string
	// changed is called after a change was stored.
	changed func()

	// shard takes the limits, owner names the member that declared an origin; both are set before
	// anything runs.
	shard limited
	owner func(clock.Origin) (region, node string)
	// ahead tells what some range of cells has of an origin, above what the shard has.
	ahead func(clock.Origin) clock.Seq
	// waiting names origins of which updates wait here, perhaps none was applied, with their members.
	waiting func() map[clock.Origin]string
	// shut tells all that origins of removed members which only this node has met have ended.
	shut func(context.Context) error

	// change is held while a change is stored and its limits are set, so that limits never go back.
	change  sync.Mutex
	holds   keyspace.Limits // guarded by change; the limits that hold
	mu      sync.Mutex
	book    *registry.Registry         // guarded by mu; never changed, only replaced
	encoded []byte                     // guarded by mu; of book
	ends    map[clock.Origin]clock.Seq // guarded by mu; the seals of book
	old     bool                       // guarded by mu; this directory belongs to a member that was removed
}

// openRoll reads the registry; a node that has none begins with itself and those it found.
func openRoll(db meta, self, address string, found []registry.Member) (*roll, error) {
	b, err := db.Meta(metaRoll)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	book := registry.New()
	if b != nil {
		if book, err = registry.Decode(b); err != nil {
			return nil, fmt.Errorf("read members: %w", err)
		}
	}
	book.Found(self, address)
	for _, m := range found {
		book.Found(m.Name, m.Address)
	}
	r := &roll{db: db, self: self, changed: func() {}, waiting: func() map[clock.Origin]string { return nil }, shut: func(context.Context) error { return nil }}
	r.book, r.encoded = book, book.Append(nil)
	r.holds = r.limits(book)
	r.ends = r.holds.Seals
	r.old, err = r.isOld(book)
	return r, err
}

// get returns the registry; it must not be changed.
func (r *roll) get() *registry.Registry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.book
}

// bytes returns the registry as it is told to peers.
func (r *roll) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.encoded
}

// update changes the registry: edit gets a copy and tells whether it changed. What it changed is
// stored, and holds in the shard, when update returns.
func (r *roll) update(ctx context.Context, edit func(*registry.Registry) (bool, error)) error {
	r.change.Lock()
	defer r.change.Unlock()
	book := r.get().Clone()
	edited, err := edit(book)
	if err != nil || !edited {
		return err
	}
	encoded := book.Append(nil)
	if len(encoded) > registry.MaxBytes {
		return fmt.Errorf("the registry of members would have %d bytes, limit %d", len(encoded), registry.MaxBytes)
	}
	if err := r.db.SetMeta(metaRoll, encoded); err != nil {
		return fmt.Errorf("write members: %w", err)
	}
	old, err := r.isOld(book)
	if err != nil {
		return err
	}
	r.mu.Lock()
	l := r.limits(book)
	r.book, r.encoded, r.old, r.ends = book, encoded, old, l.Seals
	r.mu.Unlock()
	if !reflect.DeepEqual(l, r.holds) {
		// While state is being taken over the limits hold, too: only nobody may be told how far we are.
		if _, err := r.shard.SetLimits(ctx, l); err != nil && !errors.Is(err, keyspace.ErrTransfer) {
			return fmt.Errorf("set limits: %w", err)
		}
		r.holds = l
	}
	r.changed()
	return nil
}

// heads lets the limits hold and returns how far this node has come in the updates of members that
// are not active. An origin of which it has applied nothing is among them when its updates wait here.
func (r *roll) heads(ctx context.Context) ([]registry.Head, error) {
	r.change.Lock()
	defer r.change.Unlock()
	book := r.get()
	heads, err := r.shard.SetLimits(ctx, r.limits(book))
	if err != nil {
		return nil, r.untold(err)
	}
	// Of what waits nothing may be applied yet: it ends at 0 then.
	waiting := r.waiting()
	for _, h := range heads {
		delete(waiting, h.Origin)
	}
	for _, o := range slices.Sorted(maps.Keys(waiting)) {
		heads = append(heads, store.Head{Origin: o})
	}
	owner := func(o clock.Origin) (region, node string) {
		if name, waits := waiting[o]; waits {
			region, node, _ = strings.Cut(name, "/")
			return region, node
		}
		return r.owner(o)
	}
	return keyspace.HeadsFor(book, shardID, heads, owner), nil
}

// untold is why this node cannot tell how far it is, and what helps.
func (r *roll) untold(err error) error {
	if errors.Is(err, keyspace.ErrTransfer) {
		return fmt.Errorf("%s takes over state, and can tell how far it is when that has ended; if what it waits for was only at a member that is gone, and another one that stays has the rest, stop %s, `atoll reload` its data directory, start it, and run this again: %w", r.self, r.self, err)
	}
	return fmt.Errorf("%s cannot tell how far it is: %w", r.self, err)
}

func (r *roll) limits(book *registry.Registry) keyspace.Limits {
	return keyspace.LimitsOf(book, r.self, shardID)
}

// isOld tells that this data directory is that of a member that was removed: it made an origin that
// has an end. A directory that only received such origins is a new one.
func (r *roll) isOld(book *registry.Registry) (bool, error) {
	self, _ := book.Get(r.self)
	for _, s := range self.Ends() {
		made, err := r.db.Meta(keyspace.MadeMeta(store.ShardID(s.Shard), s.Origin))
		if err != nil {
			return false, fmt.Errorf("read own origins: %w", err)
		}
		if made != nil {
			return true, nil
		}
	}
	return false, nil
}

// learn takes what a peer told. One that was removed decides nothing.
func (r *roll) learn(ctx context.Context, peer string, encoded []byte) error {
	if r.removed(peer) {
		return nil
	}
	theirs, err := registry.Decode(encoded)
	if err != nil {
		return fmt.Errorf("%w: %w", replication.ErrMalformed, err)
	}
	return r.update(ctx, func(book *registry.Registry) (bool, error) { return book.Join(theirs), nil })
}

// found notes a member that was met.
func (r *roll) found(ctx context.Context, name, address string) error {
	if _, known := r.get().Get(name); known {
		return nil
	}
	return r.update(ctx, func(book *registry.Registry) (bool, error) { return book.Found(name, address), nil })
}

// removed tells whether a member was removed.
func (r *roll) removed(name string) bool {
	m, ok := r.get().Get(name)
	return ok && m.State == registry.Removed
}

// refuse is why a node must not pull from this one, or nil.
func (r *roll) refuse(name string) error {
	m, ok := r.get().Get(name)
	if !ok || m.State != registry.Removed {
		return nil
	}
	return fmt.Errorf("%w: %s by %s at %v", replication.ErrRemoved, name, m.By, m.Term.Time().Format("2006-01-02T15:04:05Z"))
}

// limit tells how far an origin is wanted. Of a member that is being removed that is what some range of cells has of it:
// with a part of an update this node could not tell how far it is.
func (r *roll) limit(_ store.ShardID, o clock.Origin) (clock.Seq, bool) {
	r.mu.Lock()
	end, sealed := r.ends[o]
	book := r.book
	r.mu.Unlock()
	if sealed {
		return end, true
	}
	region, node := r.owner(o)
	m, _ := book.Get(region + "/" + node)
	if m.State != registry.Sealing {
		return 0, false
	}
	return r.ahead(o), true
}

// state returns what was decided about this node, and why its clients are refused; empty when they
// are not.
func (r *roll) state() (state registry.State, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, _ := r.book.Get(r.self)
	if !m.State.Frozen() && !r.old && m.State != registry.Leaving {
		return m.State, "" // every request asks
	}
	when := m.Term.Time().Format("2006-01-02T15:04:05Z")
	switch {
	case m.State.Frozen():
		return m.State, fmt.Sprintf("%s was removed from the cluster by %s at %s; what it wrote and the others lack is kept aside there", r.self, m.By, when)
	case r.old:
		return registry.Removed, fmt.Sprintf("this data directory belongs to the %s that was sealed, before it was added again at %s; move the directory away and start: the node begins anew", r.self, when)
	default:
		return m.State, fmt.Sprintf("%s is being removed from the cluster by %s", r.self, m.By)
	}
}
