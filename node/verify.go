package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/replication/verify"
)

// VerifyConfig says how a node compares itself with its peers in the background.
type VerifyConfig struct {
	// Interval is the time between verifications; 0 is off.
	Interval time.Duration
	// CellsPerSecond bounds how fast they read; 0 is no bound.
	CellsPerSecond int64
	// Repair lets them heal this node's cells where it can be told who is right.
	Repair bool
}

// verifyIntervalMin keeps a mistyped interval from reading the disk without pause.
const verifyIntervalMin = 100 * time.Millisecond

func (c *Config) validateVerify(ps *problems) {
	if i := c.Verify.Interval; i != 0 && i < verifyIntervalMin {
		ps.add("verify.interval: %v is less than %v; 0 is off", i, verifyIntervalMin)
	}
}

// newVerifier joins the verifier with the shard and the peers.
func (n *Node) newVerifier() *verify.Verifier {
	n.comparer = grpctransport.NewComparer(nil)
	return verify.New(verify.Config{
		Self:    verify.Identity{Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node},
		Replica: comparedShard{n.shard}, Transport: n.comparer, Peers: n.verifyPeers, Wall: n.opts.Wall,
		Salt: func() uint64 {
			var b [8]byte
			rand.Read(b[:]) // never fails
			return binary.BigEndian.Uint64(b[:])
		},
		Interval: n.cfg.Verify.Interval, CellsPerSecond: int(n.cfg.Verify.CellsPerSecond), Repair: n.cfg.Verify.Repair,
		Events: verify.Events{
			Ended:   n.verified,
			Refused: func(err error) { n.log.Warn("comparison with a peer ended", "error", err) },
		},
	})
}

func (n *Node) verifyPeers() (out []verify.Peer) {
	for _, p := range n.replicator.Status() {
		region, name, _ := strings.Cut(p.Node, "/")
		peer := verify.Peer{Region: p.Region, Node: name, Address: p.Address}
		if peer.Region == "" {
			peer.Region = region
		}
		if p.State == replication.StateCut {
			peer.Problem = "the link is cut"
		}
		out = append(out, peer)
	}
	return out
}

// maxLoggedSlots bounds the slots that an alarm names.
const maxLoggedSlots = 32

// verified reports a verification. Keys are for the operator who asks: the log names slots.
func (n *Node) verified(r *verify.Report) {
	result := "clean"
	switch {
	case r.Remaining() > 0:
		result = "differs"
	case r.Incomplete():
		result = "incomplete"
	}
	n.metrics.verifies.WithLabelValues(result).Inc()
	n.metrics.verifyRepaired.Add(float64(r.Counts[verify.Repaired]))
	attrs := []any{"took", r.Took, "cells", r.Cells, "repaired", r.Counts[verify.Repaired], "remaining", r.Remaining(), "passes", r.Passes}
	if r.Problem != "" {
		attrs = append(attrs, "problem", r.Problem)
	}
	if len(r.Findings) == 0 && r.Damaged.Empty() && r.Unreadable.Empty() {
		n.log.Info("verified", append(attrs, "result", result)...)
		return
	}
	var slots []int
	regions := map[string]bool{}
	for _, f := range r.Findings {
		if len(slots) < maxLoggedSlots && !slices.Contains(slots, f.Slot) {
			slots = append(slots, f.Slot)
		}
		for _, v := range f.Versions {
			regions[v.Region+"/"+v.Node] = true
		}
	}
	attrs = append(attrs, "peer_wrong", r.Counts[verify.PeerWrong], "undecided", r.Counts[verify.Undecided],
		"damaged_slots", r.Damaged.Len(), "unreadable_slots", r.Unreadable.Len(), "slots", slots, "nodes", sortedNames(regions))
	n.log.Error("divergence found", attrs...)
}

// divergenceAlarm is on while the last verification found cells that differ still.
func (n *Node) divergenceAlarm(out map[string]string) {
	if n.verifier == nil {
		return
	}
	if r, _ := n.verifier.Last(); r != nil && r.Remaining() > 0 {
		out[alarmDivergence] = fmt.Sprintf("%d cells differ from those of other nodes; see them: atoll verify --last --region %s", r.Remaining(), n.cfg.Region)
	}
}

func sortedNames(set map[string]bool) (out []string) {
	for name := range set {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var (
	descVerifyDiffer  = desc("verify_differing_cells", "Cells that differed between this node and its peers at the end of the last verification.")
	descVerifySkipped = desc("verify_skipped_slots", "Slots that the last verification could not compare with some peer.")
	descVerifyAge     = desc("verify_age_seconds", "Time since the last verification began; absent before the first.")
)

func (n *Node) collectVerify(set func(*prometheus.Desc, float64, ...string)) {
	r, _ := n.verifier.Last()
	if r == nil {
		return
	}
	skipped := 0
	for _, p := range r.Peers {
		skipped = max(skipped, p.Skipped)
	}
	set(descVerifyDiffer, float64(r.Remaining()))
	set(descVerifySkipped, float64(skipped))
	wall, _ := n.opts.Wall.Read()
	set(descVerifyAge, float64(wall-r.Began.UnixMilli())/1000)
}

// comparedShard gives a shard to the verifier.
type comparedShard struct{ shard *keyspace.Shard }

// Pin implements verify.Replica.
func (c comparedShard) Pin() (verify.State, error) {
	p, err := c.shard.Pin()
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Repair implements verify.Replica.
func (c comparedShard) Repair(ctx context.Context, at verify.State, fixes []verify.Fix) ([]error, error) {
	p, ok := at.(*keyspace.Pinned)
	if !ok {
		return nil, errors.New("repair at a state of another replica")
	}
	list := make([]keyspace.Fix, len(fixes))
	for i, f := range fixes {
		list[i] = keyspace.Fix(f)
	}
	return c.shard.Repair(ctx, p, list)
}

// SlotOf implements verify.Replica. A key that no cell can have is in slot 0, where it will
// match nothing.
func (comparedShard) SlotOf(cell []byte) int {
	_, key, _, err := keyspace.UserKey(cell)
	if err != nil {
		return 0
	}
	return int(keyspace.SlotOf(key))
}

// within says where a key is, if not in the default namespace.
func within(n namespace.Name, name string) string {
	if n == namespace.Default {
		return name
	}
	return "namespace " + n.String() + ": " + name
}

// maxNameBytes is where names of keys are cut.
const maxNameBytes = 64

// Name implements verify.Replica.
func (comparedShard) Name(cell []byte) string {
	n, key, member, err := keyspace.UserKey(cell)
	switch {
	case err != nil:
		return fmt.Sprintf("cell %x", cell[:min(len(cell), maxNameBytes)])
	case len(member) > 0:
		return within(n, cutName(key)+" member "+cutName(member))
	default:
		return within(n, cutName(key))
	}
}

func cutName(b []byte) string {
	if len(b) > maxNameBytes {
		return fmt.Sprintf("%+q…", b[:maxNameBytes])
	}
	return fmt.Sprintf("%+q", b)
}

// ComparedShard returns a shard as verifications see it.
func ComparedShard(s *keyspace.Shard) verify.Replica { return comparedShard{s} }
