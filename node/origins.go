package node

import (
	"context"
	"maps"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
)

// origins knows which node declared each origin of a shard. A declaration never changes, so it is
// read once.
type origins struct {
	shard        *keyspace.Shard
	region, node string

	mu    sync.Mutex
	known map[clock.Origin]crdt.Declaration // guarded by mu
}

func newOrigins(s *keyspace.Shard, region, node string) *origins {
	return &origins{shard: s, region: region, node: node, known: map[clock.Origin]crdt.Declaration{}}
}

// owner names the node that declared an origin; empty when that is not known here.
func (d *origins) owner(o clock.Origin) (region, node string) {
	d.mu.Lock()
	who, ok := d.known[o]
	d.mu.Unlock()
	if !ok {
		who = d.lookUp([]clock.Origin{o})[o]
	}
	return who.Region, who.Node
}

// own returns the origins that this node declared, in this run or before.
func (d *origins) own(store.ShardID) []clock.Origin {
	heads, _ := d.shard.Durable()
	var unknown, out []clock.Origin
	d.mu.Lock()
	for _, h := range heads {
		if _, ok := d.known[h.Origin]; !ok {
			unknown = append(unknown, h.Origin)
		}
	}
	d.mu.Unlock()
	if len(unknown) > 0 {
		d.lookUp(unknown)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range heads {
		if who := d.known[h.Origin]; who.Region == d.region && who.Node == d.node {
			out = append(out, h.Origin)
		}
	}
	return out
}

func (d *origins) lookUp(os []clock.Origin) map[clock.Origin]crdt.Declaration {
	q := declarations{origins: os, found: map[clock.Origin]crdt.Declaration{}}
	// What cannot be read stays unknown and is asked again; reads of keys report the damage.
	_, _ = d.shard.Read(context.Background(), q)
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.Copy(d.known, q.found)
	return q.found
}

// declarations is a command that reads who declared origins.
type declarations struct {
	origins []clock.Origin
	found   map[clock.Origin]crdt.Declaration
}

// Name implements keyspace.Command.
func (declarations) Name() string { return "DECLARATIONS" }

// Keys implements keyspace.Command.
func (declarations) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (declarations) Writes() bool { return false }

// Run implements keyspace.Command. An origin without a declaration is left out.
func (q declarations) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	for _, o := range q.origins {
		if who, err := tx.Declared(o); err == nil && who != (crdt.Declaration{}) {
			q.found[o] = who
		}
	}
	return keyspace.Reply{}, nil
}
