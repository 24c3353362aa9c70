package node

import (
	"context"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

const (
	// expireEvery is how often it is looked for keys that have ended.
	expireEvery = 100 * time.Millisecond
	// expireMax bounds how many of them are deleted at a time.
	expireMax = 512
	// expireAllEvery is how often all of them are looked at again: those that could not be deleted, and
	// those that came late.
	expireAllEvery = 10 * time.Second
)

// expirer deletes keys and fields that have ended. They show nothing already: it makes room, and is in no hurry. Its
// deletions are updates like those of clients, and pass the same gate: a node that must not write deletes
// nothing.
type expirer struct {
	n *Node
	// Owned by run.
	look keyspace.ReadDue
	all  time.Duration // when the last look at all began
}

func newExpirer(n *Node) *expirer { return &expirer{n: n, look: keyspace.ReadDue{Limit: expireMax}} }

func (x *expirer) run(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		x.step(ctx)
	}
}

// step looks through the next part of the index and deletes what it finds. What is refused, or cannot be
// read, is found again by the next look at all.
func (x *expirer) step(ctx context.Context) {
	if _, now := x.n.opts.Wall.Read(); x.look.After == nil && now-x.all >= expireAllEvery {
		x.look.From, x.all = 0, now
	}
	if _, err := x.n.shard.Read(ctx, &x.look); err != nil {
		x.look.After = nil
		return
	}
	if x.look.After = x.look.Next; x.look.After == nil {
		x.look.From = x.look.Seen
	}
	x.delete(ctx, x.look.Found)
}

// delete deletes keys and fields, those of a hash as one update; the updates of one call share commits.
func (x *expirer) delete(ctx context.Context, found []keyspace.Due) {
	var waits []func() ([]keyspace.Reply, error)
	for _, c := range reaping(found) {
		wait, err := x.n.dispatcher.Begin(ctx, c.space, c.cmd)
		if err != nil {
			break // the node does not write now
		}
		waits = append(waits, wait)
	}
	for _, wait := range waits {
		if r, err := wait(); err == nil {
			x.n.metrics.expired.Add(float64(r[0].Int))
		}
	}
}

// reap is a command that deletes what has ended.
type reap struct {
	space namespace.Name
	cmd   keyspace.Command
}

// reaping returns the commands that delete what was found.
func reaping(found []keyspace.Due) (list []reap) {
	hashes := map[string]int{} // in list, by full key
	for _, d := range found {
		space, key := namespace.Split(d.Key)
		at, known := hashes[string(d.Key)]
		switch {
		case !d.OfField:
			list = append(list, reap{space, command.Reap{Key: key}})
		case known:
			c := list[at].cmd.(command.HReap)
			c.Fields = append(c.Fields, d.Field)
			list[at].cmd = c
		default:
			hashes[string(d.Key)] = len(list)
			list = append(list, reap{space, command.HReap{Key: key, Fields: [][]byte{d.Field}}})
		}
	}
	return list
}
