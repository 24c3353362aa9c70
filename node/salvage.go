package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/adminserver"
)

// settleEvery is how often marks of other members are looked at.
const settleEvery = time.Second

// salvage looks after what is kept aside.
type salvage struct {
	shard *keyspace.Shard
	roll  *roll
}

// all returns what is or was kept aside here, with the member that may replay it.
func (s *salvage) all(ctx context.Context) ([]adminserver.Kept, error) {
	q := &keyspace.ReadAside{}
	if _, err := s.shard.Read(ctx, q); err != nil {
		return nil, err
	}
	var out []adminserver.Kept
	for _, a := range q.Found {
		m, _ := s.roll.get().Get(a.Writer.Region + "/" + a.Writer.Node)
		out = append(out, adminserver.Kept{Aside: a, Keeper: m.By})
	}
	return out, nil
}

// list returns what is kept aside here and not settled, with the member that may replay it.
func (s *salvage) list(ctx context.Context) ([]adminserver.Kept, error) {
	all, err := s.all(ctx)
	return slices.DeleteFunc(all, func(k adminserver.Kept) bool { return k.Records == 0 }), err
}

// of returns what is kept aside of a node.
func (s *salvage) of(ctx context.Context, name string) ([]adminserver.Kept, error) {
	all, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(k adminserver.Kept) bool { return k.Writer.Region+"/"+k.Writer.Node != name })
	if len(all) == 0 {
		return nil, server.Errorf(server.CodeInvalid, "nothing is kept aside here of %.64q", name)
	}
	return all, nil
}

// replay issues what is kept aside of a node again. Only one member may: the one that removed it.
func (s *salvage) replay(ctx context.Context, name string, skip, force bool) (sum keyspace.Replayed, err error) {
	kept, err := s.of(ctx, name)
	if err != nil {
		return sum, err
	}
	if keeper := kept[0].Keeper; keeper != s.roll.self && !force {
		if keeper == "" {
			keeper = "nobody in particular"
		}
		return sum, server.Errorf(server.CodeMembers, "what %s wrote too late is replayed by %s, so that it is replayed once; ask that member, or, if it is gone for good, use --force", name, keeper)
	}
	// In the order of its origins' first stamps: what a later incarnation wrote had seen the earlier.
	slices.SortFunc(kept, func(a, b adminserver.Kept) int {
		return clock.Stamp{Time: a.First, Origin: a.Origin}.Compare(clock.Stamp{Time: b.First, Origin: b.Origin})
	})
	for _, k := range kept {
		n, err := s.shard.Replay(ctx, k.Origin, command.Reissue, skip)
		sum.Records, sum.Empty, sum.Skipped = sum.Records+n.Records, sum.Empty+n.Empty, sum.Skipped+n.Skipped
		if e := s.mark(ctx, name, k.Origin, n.Done); e != nil && err == nil {
			err = e
		}
		if err != nil {
			return sum, server.Errorf(server.CodeMembers, "%v; %d updates were replayed before; set the key right and run it again, or give up what fails with --skip-failed", err, sum.Records)
		}
	}
	return sum, nil
}

// drop forgets what is kept aside of a node, here and, as they learn of it, at the others.
func (s *salvage) drop(ctx context.Context, name string) (records int, err error) {
	kept, err := s.of(ctx, name)
	if err != nil {
		return 0, err
	}
	for _, k := range kept {
		n, err := s.shard.DropAside(ctx, k.Origin, k.Last)
		if records += n.Skipped; err != nil {
			return records, err
		}
		if err := s.mark(ctx, name, k.Origin, n.Done); err != nil {
			return records, err
		}
	}
	return records, nil
}

// mark tells the others how far an origin is settled.
func (s *salvage) mark(ctx context.Context, name string, o clock.Origin, upTo clock.Seq) error {
	return s.roll.update(ctx, func(book *registry.Registry) (bool, error) {
		return book.Settle(name, registry.Mark{Shard: uint32(shardID), Origin: o, Seq: upTo}), nil
	})
}

// run drops what another member has settled, and tells what this one has and could not tell.
func (s *salvage) run(ctx context.Context) error {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	var seen string
	var before keyspace.AsideCount
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		count := s.shard.Stats().Aside
		now := string(s.roll.bytes())
		if now == seen && count == before {
			continue
		}
		// A failure is tried again: seen stays as it was.
		if err := s.settle(ctx); err == nil && s.shard.Stats().Aside == count {
			seen, before = now, count
		}
	}
}

func (s *salvage) settle(ctx context.Context) error {
	kept, err := s.all(ctx)
	if err != nil {
		return err
	}
	list := make([]keyspace.Aside, len(kept))
	for i, k := range kept {
		list[i] = k.Aside
	}
	drop, tell := keyspace.CompareAsides(s.roll.get(), s.roll.self, shardID, list)
	for _, x := range drop {
		if _, err := s.shard.DropAside(ctx, x.Mark.Origin, x.Mark.Seq); err != nil {
			return err
		}
	}
	if err := s.shutAll(ctx, list); err != nil {
		return err
	}
	for _, x := range tell {
		if err := s.mark(ctx, x.Member, x.Mark.Origin, x.Mark.Seq); err != nil {
			return err
		}
	}
	return s.readmit(ctx, list)
}

// readmit lets count what came from a member before this node knew that it takes part again.
func (s *salvage) readmit(ctx context.Context, kept []keyspace.Aside) error {
	for _, x := range keyspace.Readmitted(s.roll.get(), shardID, kept) {
		n, err := s.shard.Readmit(ctx, x.Mark.Origin)
		if err == nil && n.Done < x.Mark.Seq {
			err = fmt.Errorf("what %s wrote is merged up to %d of %d", x.Member, n.Done, x.Mark.Seq)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shut tells the others which origins of removed members have ended before anybody met them.
func (s *salvage) shut(ctx context.Context) error {
	if s.shard.Stats().Aside.Origins == 0 {
		return nil
	}
	q := &keyspace.ReadAside{}
	if _, err := s.shard.Read(ctx, q); err != nil {
		return err
	}
	return s.shutAll(ctx, q.Found)
}

func (s *salvage) shutAll(ctx context.Context, kept []keyspace.Aside) error {
	if len(keyspace.Unsealed(s.roll.get(), shardID, kept)) == 0 {
		return nil
	}
	return s.roll.update(ctx, func(book *registry.Registry) (changed bool, _ error) {
		for _, x := range keyspace.Unsealed(book, shardID, kept) {
			changed = book.Shut(x.Member, x.Mark.Shard, x.Mark.Origin) || changed
		}
		return changed, nil
	})
}

// owed returns how many updates up to its seals a member has that this node lacks.
func owed(m registry.Member, has clock.VersionVector) (missing uint64) {
	for _, s := range m.Seals {
		if have := has.Get(s.Origin); have < s.Seq {
			missing += uint64(s.Seq - have)
		}
	}
	return missing
}

// regionOf returns the region of region/node.
func regionOf(name string) string {
	region, _, _ := strings.Cut(name, "/")
	return region
}
