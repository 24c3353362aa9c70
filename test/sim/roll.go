package sim

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// roll is what a node knows of members, where members are removed: the registry, which is
// stored before it holds, and what it means for the core.
type roll struct {
	book    *registry.Registry
	encoded []byte
	limits  keyspace.Limits
	old     bool // the directory of a member that was removed
}

var (
	rollKey   = store.MetaKey("node/registry")
	errSilent = errors.New("does not answer")
)

func nameOf(identity string) string { return identity + "/n1" }

func identityOf(name string) string { return strings.TrimSuffix(name, "/n1") }

func (n *node) name() string { return nameOf(n.identity) }

// removes reports whether members are removed in this run.
func (w *world) removes() bool { return w.scenario.has(doRemove, doForce) }

// openRoll reads the registry; one that is new knows everybody.
func (n *node) openRoll() {
	n.known, n.removal, n.compared = nil, nil, nil
	if !n.w.removes() {
		return
	}
	book := registry.New()
	if b := n.disk.durable.cells[string(rollKey)]; b != nil {
		var err error
		if book, err = registry.Decode(b); err != nil {
			n.w.fail("I-33", "node %s: registry: %v", n.id, err)
			return
		}
	}
	for _, letter := range n.w.scenario.cond.nodes {
		book.Found(nameOf(string(letter)), "")
	}
	n.hold(book)
}

// hold makes a registry the one that counts.
func (n *node) hold(book *registry.Registry) {
	n.known = &roll{book: book, encoded: book.Append(nil), limits: keyspace.LimitsOf(book, n.name(), 0)}
	me, _ := book.Get(n.name())
	n.known.old = slices.ContainsFunc(me.Ends(), func(s registry.Mark) bool {
		return n.disk.durable.cells[string(store.MetaKey(keyspace.MadeMeta(0, s.Origin)))] != nil
	})
}

// edit changes the registry, stores it, and lets it hold.
func (n *node) edit(change func(*registry.Registry) error) error {
	book := n.known.book.Clone()
	if err := change(book); err != nil || slices.Equal(book.Append(nil), n.known.encoded) {
		return err
	}
	n.disk.put(rollKey, book.Append(nil))
	n.hold(book)
	n.acks.SetMembers(n.members())
	if err := n.core.SetLimits(n.known.limits); err != nil && !errors.Is(err, keyspace.ErrTransfer) {
		n.w.fail("I-33", "node %s: limits: %v", n.id, err)
	}
	return nil
}

// put writes metadata, synced.
func (d *disk) put(key, value []byte) {
	d.latest.cells[string(key)], d.durable.cells[string(key)] = value, value
}

// limits are those that the core begins with.
func (n *node) limits() keyspace.Limits {
	if n.known == nil {
		return keyspace.Limits{}
	}
	return n.known.limits
}

// agrees reports whether two nodes know the same of members.
func (n *node) agrees(p *node) bool { return slices.Equal(n.membersBytes(), p.membersBytes()) }

// learn takes what a peer told. One that was removed decides nothing.
func (n *node) learn(peer string, encoded []byte) {
	if n.known == nil || len(encoded) == 0 || n.stateOf(peer) == registry.Removed || slices.Equal(encoded, n.known.encoded) {
		return
	}
	theirs, err := registry.Decode(encoded)
	if err != nil {
		n.w.fail("I-33", "node %s: registry of %s: %v", n.id, peer, err)
		return
	}
	_ = n.edit(func(book *registry.Registry) error { book.Join(theirs); return nil })
}

// stateOf returns what the node knows of another.
func (n *node) stateOf(identity string) registry.State {
	if n.known == nil {
		return registry.Active
	}
	m, _ := n.known.book.Get(nameOf(identity))
	return m.State
}

// out reports whether the node serves no client, or takes no writes.
func (n *node) out(writes bool) bool {
	s := n.stateOf(n.identity)
	return s.Frozen() || n.known != nil && n.known.old || writes && s == registry.Leaving
}

// membersBytes is what streams tell of members.
func (n *node) membersBytes() []byte {
	if n.known == nil {
		return nil
	}
	return n.known.encoded
}

func (n *node) refuse(peer string) error {
	if n.stateOf(peer) == registry.Removed {
		return replication.ErrRemoved
	}
	return nil
}

// limit tells how far an origin is wanted. Of a member that is being removed that is what some range has of it.
func (n *node) limit(o clock.Origin) (clock.Seq, bool) {
	if n.known == nil {
		return 0, false
	}
	if end, sealed := n.known.limits.Seals[o]; sealed {
		return end, true
	}
	return n.core.TransferState().AheadTo.Get(o), n.stateOf(n.w.writers[o]) == registry.Sealing
}

// told answers a member that asks, when what is applied is durable. What is held does not
// move meanwhile.
func (n *node) told(peer string, encoded []byte, answer func(*registry.Registry, []registry.Head, error)) {
	if n.learn(peer, encoded); n.w.failed() {
		return
	}
	if err := n.core.SetLimits(n.known.limits); err != nil {
		sometimes.hit("asked in the middle of a transfer")
		answer(nil, nil, err)
		return
	}
	book, vector := n.known.book, n.core.Vector()
	if n.commit(); !n.up {
		return
	}
	n.whenDurable(vector, func() { answer(book, n.headsFor(book), nil) })
}

func (n *node) headsFor(book *registry.Registry) []registry.Head {
	heads := n.disk.durable.sortedHeads()
	if n.w.planted.Has(mistake.SealTooLow) {
		heads = nil
	}
	return keyspace.HeadsFor(book, 0, heads, func(o clock.Origin) (string, string) { return n.w.writers[o], "n1" })
}

// whenDurable calls do once the disk holds as much.
func (n *node) whenDurable(v clock.VersionVector, do func()) {
	if v.LessEq(n.durable()) {
		do()
		return
	}
	n.later(10*time.Millisecond, func() { n.whenDurable(v, do) })
}

func (n *node) durable() (v clock.VersionVector) {
	for _, h := range n.disk.durable.sortedHeads() {
		v.Advance(h.Origin, h.Seq)
	}
	return v
}
