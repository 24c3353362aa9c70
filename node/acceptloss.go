package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
)

// acceptance asks the healer to give up what only this node held of damaged ranges.
type acceptance struct {
	reply chan acceptedLoss
}

type acceptedLoss struct {
	lines []string
	err   error
}

// AcceptLoss implements adminserver.Scrubber.
func (s *scrubber) AcceptLoss(ctx context.Context) ([]string, error) {
	a := acceptance{reply: make(chan acceptedLoss, 1)}
	select {
	case s.n.healer.accept <- a:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-a.reply:
		return r.lines, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// acceptLoss lets damaged ranges be healed with less than this node held of them: with what its
// peers have, all of which must answer. It returns one line for each range that loses something.
func (h *healer) acceptLoss(ctx context.Context) ([]string, error) {
	live, err := h.everybody()
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, d := range h.n.db.Damaged() {
		part, ok := d.Within(cellsLo, cellsHi)
		if !ok {
			continue // the store knows it itself
		}
		lo, hi := keyspace.WholeKeys(part.Lo, part.Hi)
		held, err := h.quarantine(ctx, keyspace.Quarantined{Lo: lo, Hi: hi, Place: d.Place(), Cause: d.Cause})
		if err != nil {
			return lines, err
		}
		kept, err := h.heldElsewhere(ctx, held, lo, hi, live)
		if err != nil {
			return lines, err
		}
		lost := updatesAbove(held, kept)
		if lost == 0 {
			continue // somebody will give it back
		}
		h.atLeast[[2]string{string(lo), string(hi)}] = kept
		lines = append(lines, fmt.Sprintf("%s: updates that only this node had are given up where they changed this range; there were %d of all keys when it was found", d.Place(), lost))
		h.n.log.Warn("the loss of damaged data is accepted", "file", d.Place(), "updates_at_most", lost)
	}
	h.found()
	return lines, nil
}

// everybody returns all other members, or an error that names who does not answer: it may hold
// what would be given up.
func (h *healer) everybody() ([]replication.PeerLook, error) {
	live, _ := h.n.replicator.Look(shardID)
	missing := slices.DeleteFunc(h.others(), func(name string) bool {
		return slices.ContainsFunc(live, func(p replication.PeerLook) bool { return p.Node == name })
	})
	if len(missing) > 0 {
		return nil, server.Errorf(server.CodeMembers, "%s does not answer and may hold what would be given up; bring it back, or remove it: atoll member remove", strings.Join(missing, ", "))
	}
	return live, nil
}

// others returns the other members.
func (h *healer) others() []string {
	names := h.n.roll.get().Names(func(s registry.State) bool { return s != registry.Removed })
	return slices.DeleteFunc(names, func(name string) bool { return name == h.n.roll.self })
}

// errLooked ends a fetch whose begin was all that was wanted.
var errLooked = errors.New("looked")

// heldElsewhere returns what of a vector some peer holds of a range, as their states tell it:
// streams do not name retired origins.
func (h *healer) heldElsewhere(ctx context.Context, held clock.VersionVector, lo, hi []byte, live []replication.PeerLook) (kept clock.VersionVector, err error) {
	for _, p := range live {
		var theirs []store.Head
		fetch := h.fetch(lo, hi, func(heads []store.Head) error {
			theirs = heads
			return errLooked
		}, nil)
		if err := fetch.Fetch(ctx, p.Dial, h.now); !errors.Is(err, errLooked) {
			return kept, server.Errorf(server.CodeMembers, "%s does not tell what it holds of it: %v", p.Node, err)
		}
		for _, x := range theirs {
			if n := min(x.Seq, held.Get(x.Origin)); n > 0 {
				kept.Advance(x.Origin, max(n, kept.Get(x.Origin)))
			}
		}
	}
	return kept, nil
}

// updatesAbove counts the updates of v that o lacks.
func updatesAbove(v, o clock.VersionVector) (n uint64) {
	for _, e := range v.Entries() {
		n += uint64(e.Seq - min(e.Seq, o.Get(e.Origin)))
	}
	return n
}

// healAlone is for a node without peers that has accepted the loss: the range is empty then.
func (h *healer) healAlone(ctx context.Context, d store.Damage, lo, hi []byte) error {
	if err := h.replace(ctx, d.Lo, d.Hi, nil); err != nil {
		return err
	}
	return h.finish(ctx, replication.PeerLook{Identity: h.local}, d, lo, hi, allHeads(h.n.shard))
}
