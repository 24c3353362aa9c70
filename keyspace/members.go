package keyspace

import (
	"slices"
	"strings"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/store"
)

// LimitsOf says what a registry of members means for a shard of the member self. What is
// decided about self is for the others to keep.
func LimitsOf(book *registry.Registry, self string, shard store.ShardID) Limits {
	var l Limits
	for _, m := range book.All() {
		if m.Name == self && m.State != registry.Active {
			continue
		}
		region, node, _ := strings.Cut(m.Name, "/")
		who := crdt.Declaration{Region: region, Node: node}
		switch m.State {
		case registry.Sealing:
			l.Held = append(l.Held, who)
		case registry.Removed:
			l.Barred = append(l.Barred, who)
		}
		for _, s := range m.Ends() {
			if s.Shard == uint32(shard) {
				if l.Seals == nil {
					l.Seals = map[clock.Origin]clock.Seq{}
				}
				l.Seals[s.Origin] = s.Seq
			}
		}
	}
	return l
}

// HeadsFor picks, of a shard's durable heads, those of members that are not active: what
// seals are made of. owner names the node that declared an origin.
func HeadsFor(book *registry.Registry, shard store.ShardID, heads []store.Head, owner func(clock.Origin) (region, node string)) (out []registry.Head) {
	for _, h := range heads {
		region, node := owner(h.Origin)
		name := region + "/" + node
		if m, ok := book.Get(name); ok && m.State != registry.Active {
			out = append(out, registry.Head{Owner: name, Seal: registry.Seal{
				Shard: uint32(shard), Origin: h.Origin, Seq: h.Seq, Hash: uint64(h.Hash),
			}})
		}
	}
	return out
}

// Settled is how far late updates of a member were replayed or dropped.
type Settled struct {
	Member string
	Mark   registry.Mark
}

// Unsealed returns the origins of removed members of which a shard keeps everything aside, and the
// registry does not say so: nobody had met them when the seals were made.
func Unsealed(book *registry.Registry, shard store.ShardID, kept []Aside) (out []Settled) {
	for _, a := range kept {
		name := a.Writer.Region + "/" + a.Writer.Node
		m, _ := book.Get(name)
		at := registry.Mark{Shard: uint32(shard), Origin: a.Origin}
		ended := slices.ContainsFunc(m.Ends(), func(e registry.Mark) bool { return e.Shard == at.Shard && e.Origin == at.Origin })
		if m.State == registry.Removed && a.Base == 0 && !ended {
			out = append(out, Settled{name, at})
		}
	}
	return out
}

// Readmitted returns the origins of which a shard keeps everything aside although their members take part again:
// they came when it did not know that yet, nobody has ended them, and nothing of them was issued again.
func Readmitted(book *registry.Registry, shard store.ShardID, kept []Aside) (out []Settled) {
	for _, a := range kept {
		name := a.Writer.Region + "/" + a.Writer.Node
		m, _ := book.Get(name)
		named := func(e registry.Mark) bool { return e.Shard == uint32(shard) && e.Origin == a.Origin }
		if m.Life > 0 && !m.State.Frozen() && a.Done == 0 && !slices.ContainsFunc(m.Ends(), named) && !slices.ContainsFunc(m.Settled, named) {
			out = append(out, Settled{name, registry.Mark{Shard: uint32(shard), Origin: a.Origin, Seq: a.Last}})
		}
	}
	return out
}

// CompareAsides compares what a shard of the member self keeps aside with the registry. drop is
// what the member that may replay it has settled; tell is what self has settled as that member
// and the registry does not say: a crash may come between the two.
func CompareAsides(book *registry.Registry, self string, shard store.ShardID, kept []Aside) (drop, tell []Settled) {
	for _, a := range kept {
		name := a.Writer.Region + "/" + a.Writer.Node
		m, _ := book.Get(name)
		var marked clock.Seq
		for _, x := range m.Settled {
			if x.Shard == uint32(shard) && x.Origin == a.Origin {
				marked = x.Seq
			}
		}
		at := registry.Mark{Shard: uint32(shard), Origin: a.Origin, Seq: max(marked, a.Done)}
		switch {
		case marked > a.Done:
			drop = append(drop, Settled{name, at})
		case m.By == self && a.Done > max(marked, a.Base):
			tell = append(tell, Settled{name, at})
		}
	}
	return drop, tell
}
