package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/store"
)

func (r *running) verify(t *testing.T, o verify.Options) *verify.Report {
	t.Helper()
	report, err := r.verifier.Verify(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// fillTypes writes keys of every type.
func (r *running) fillTypes(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		key := fmt.Appendf(nil, "key%d", i)
		switch i % 3 {
		case 0:
			r.do(t, command.Set{Key: key, Value: key})
		case 1:
			r.do(t, command.Incr{Key: key, Delta: int64(i)})
		default:
			r.do(t, command.SAdd{Key: key, Members: [][]byte{key, []byte("x")}})
		}
	}
}

// cells returns the canonical cells of a node.
func (r *running) cells(t *testing.T) (list []store.Cell) {
	t.Helper()
	p, err := r.shard.Pin()
	if err != nil {
		t.Fatal(err)
	}
	err = p.Cells(slotset.All(), func(_ int, key, value []byte, _ error) error {
		list = append(list, store.Cell{Key: bytes.Clone(key), Value: bytes.Clone(value)})
		return nil
	})
	if err := errors.Join(err, p.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

// deletedCells returns cells of keys that were deleted everywhere.
func deletedCells(t *testing.T, nodes []*running, n int) (cells []store.Cell) {
	t.Helper()
	var keys [][]byte
	for i := range n {
		keys = append(keys, fmt.Appendf(nil, "extra%d", i))
		nodes[0].do(t, command.Set{Key: keys[i], Value: keys[i]})
	}
	for _, c := range nodes[0].cells(t) {
		if bytes.Contains(c.Key, []byte("extra")) {
			cells = append(cells, c)
		}
	}
	nodes[0].do(t, command.Delete{List: keys})
	eventually(t, "converged", converged(t, nodes))
	return cells
}

// damage changes k cells in the store, behind the shard's back: changed, missing,
// undecodable, and deleted ones that are back.
func (r *running) damage(t *testing.T, k int, deleted []store.Cell) (slots slotset.Set) {
	t.Helper()
	all := r.cells(t)
	rng := rand.New(rand.NewPCG(uint64(k), 1))
	perm := rng.Perm(len(all))
	commit := &store.Commit{Shard: shardID}
	for i, at := range perm[:k] {
		cell := store.Cell{Key: all[at].Key}
		switch i % 4 {
		case 0:
			cell.Value = differentCell(all, all[at])
		case 1: // missing
		case 2:
			cell.Value = []byte{0xee, 1, 2}
		default:
			cell, deleted = deleted[0], deleted[1:]
		}
		commit.Cells = append(commit.Cells, cell)
		slots.Add(comparedShard{}.SlotOf(cell.Key))
	}
	p, err := r.db.Apply(commit)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Durable(); err != nil {
		t.Fatal(err)
	}
	r.do(t, set("wake", fmt.Sprint(k))) // reads see the state after the last commit
	return slots
}

// differentCell returns the value of another cell of the same kind.
func differentCell(all []store.Cell, like store.Cell) []byte {
	for _, c := range all {
		if len(c.Key) > 0 && len(like.Value) > 0 && c.Value[0]>>4 == like.Value[0]>>4 && c.Value[0] == like.Value[0] && !bytes.Equal(c.Value, like.Value) {
			return c.Value
		}
	}
	return nil
}

func TestDamageInOneRegionIsFoundNamedAndHealed(t *testing.T) {
	nodes := trio(t)
	us, eu := nodes[0], nodes[1]
	us.fillTypes(t, 2000)
	deleted := deletedCells(t, nodes, 20)
	for _, k := range []int{4, 40} {
		slots := eu.damage(t, k, deleted)
		eventually(t, "all vectors equal", func() bool {
			return eu.durable().Equal(us.durable()) && eu.durable().Equal(nodes[2].durable())
		})
		found := eu.verify(t, verify.Options{All: true})
		if found.Counts[verify.Repairable] != k || found.Remaining() != k || found.Incomplete() {
			t.Fatalf("%d damaged, report %+v %+v", k, found.Counts, found.Peers)
		}
		if found.Slots() != slots {
			t.Errorf("the report names other slots than %d", slots.Len())
		}
		for _, f := range found.Findings {
			if !strings.Contains(f.Name, "key") && !strings.Contains(f.Name, "extra") || len(f.Versions) != 3 {
				t.Errorf("finding %+v", f)
			}
		}
		if r := us.verify(t, verify.Options{All: true, Repair: true}); r.Counts[verify.PeerWrong] != k || r.Counts[verify.Repaired] != 0 {
			t.Errorf("seen from us: %+v", r.Counts)
		}
		healed := eu.verify(t, verify.Options{All: true, Repair: true})
		if !healed.Clean() || healed.Counts[verify.Repaired] != k {
			t.Fatalf("healing: %+v %+v", healed.Counts, healed.Peers)
		}
		if !converged(t, nodes)() {
			t.Fatal("vectors differ")
		}
		if r := us.verify(t, verify.Options{All: true}); !r.Clean() || len(r.Findings) > 0 {
			t.Errorf("after healing: %+v", r.Counts)
		}
	}
	for i := range 2000 { // what clients see, counts of members included
		key := fmt.Appendf(nil, "key%d", i)
		cmd := keyspace.Command(command.Get{Key: key})
		if i%3 == 2 {
			cmd = command.SCard{Key: key}
		}
		if a, b := us.do(t, cmd), eu.do(t, cmd); !bytes.Equal(a.Value, b.Value) || a.Int != b.Int {
			t.Fatalf("%s: %q %d in us, %q %d in eu", key, a.Value, a.Int, b.Value, b.Int)
		}
	}
}

// writers write at full speed in all regions until the context ends.
func writers(ctx context.Context, nodes []*running, done *atomic.Int64) *sync.WaitGroup {
	var wg sync.WaitGroup
	for i, n := range nodes {
		for w := range 4 {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(w)))
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, err := n.dispatcher.Do(ctx, "", someWrite(rng)); err == nil {
						done.Add(1)
					}
				}
			})
		}
	}
	return &wg
}

func someWrite(rng *rand.Rand) keyspace.Command {
	kind := rng.IntN(4)
	key := fmt.Appendf(nil, "%c%d", "scmh"[kind], rng.IntN(3000))
	name := []byte{byte('a' + rng.IntN(5))}
	switch {
	case rng.IntN(10) == 0:
		return command.Delete{List: [][]byte{key}}
	case kind == 0:
		return command.Set{Key: key, Value: fmt.Appendf(nil, "%d", rng.Uint32())}
	case kind == 1:
		return command.Incr{Key: key, Delta: 1}
	case kind == 2 && rng.IntN(3) == 0:
		return command.SRem{Key: key, Members: [][]byte{name}}
	case kind == 2:
		return command.SAdd{Key: key, Members: [][]byte{name}}
	case rng.IntN(4) == 0:
		return command.HDel{Key: key, Fields: [][]byte{name}}
	case name[0] < 'c':
		return command.HIncr{Key: key, Field: name, Delta: 1}
	default:
		return command.HSet{Key: key, Fields: []command.FieldValue{{Field: name, Value: key}}}
	}
}

// TestNoFalseAlarmWhileAllRegionsWrite verifies again and again, with repair on, while
// three regions write as fast as they can.
func TestNoFalseAlarmWhileAllRegionsWrite(t *testing.T) {
	nodes := trio(t)
	for i := range nodes {
		eventually(t, "all meet", func() bool { return len(nodes[i].verifyPeers()) == 2 })
	}
	took := 4 * time.Second
	if testing.Short() {
		took = 1500 * time.Millisecond
	}
	ctx, stop := context.WithTimeout(t.Context(), took)
	defer stop()
	var writes atomic.Int64
	wg := writers(ctx, nodes, &writes)
	runs, compared, possible := 0, 0, 0
	for i := 0; ctx.Err() == nil; i++ {
		r := nodes[i%3].verify(t, verify.Options{All: i%2 == 0, Repair: true})
		runs++
		if len(r.Findings) > 0 {
			t.Errorf("false alarm after %d writes: %+v", writes.Load(), r.Findings[:min(3, len(r.Findings))])
		}
		for _, p := range r.Peers {
			compared += p.Compared
			possible += slotset.Slots
		}
	}
	wg.Wait()
	t.Logf("%d writes, %d verifications, %.1f %% of the slots compared", writes.Load(), runs, 100*float64(compared)/float64(possible))
	if compared*2 < possible {
		t.Error("less than half of the slots were compared")
	}
	eventually(t, "converged", converged(t, nodes))
	if r := nodes[0].verify(t, verify.Options{All: true}); !r.Clean() {
		t.Errorf("at rest: %+v %+v", r.Counts, r.Peers)
	}
}

func TestDamageIsHealedWhileAllRegionsWrite(t *testing.T) {
	nodes := trio(t)
	ap := nodes[2]
	nodes[0].fillTypes(t, 1000)
	deleted := deletedCells(t, nodes, 20)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writes atomic.Int64
	wg := writers(ctx, nodes, &writes)
	ap.damage(t, 60, deleted)
	// A slot that is written all the time needs many passes: seconds, or tens on a busy machine.
	eventually(t, "all is healed", func() bool {
		ap.verify(t, verify.Options{All: true, Repair: true})
		r := nodes[0].verify(t, verify.Options{All: true})
		return len(r.Findings) == 0
	})
	stop()
	wg.Wait()
	eventually(t, "converged", converged(t, nodes))
}

// lines is a log that can be searched.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestTheBackgroundFindsHealsAndTells(t *testing.T) {
	var out lines
	var nodes []*running
	var seeds []string
	for _, region := range []string{"us", "eu", "ap"} {
		cfg := testConfig(t, region)
		cfg.Gossip.Join, seeds = slices.Clone(seeds), append(seeds, cfg.Gossip.Listen)
		cfg.Verify.Interval = 0
		if region == "eu" {
			cfg.Verify.Interval = 150 * time.Millisecond
		}
		n, err := Open(cfg, Options{Wall: clock.NewSystem(), Logger: slog.New(slog.NewTextHandler(&out, nil)), Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		r := &running{Node: n, stop: sync.OnceValue(func() error { cancel(); return <-done })}
		t.Cleanup(func() { _ = r.stop() })
		nodes = append(nodes, r)
	}
	serving(t, nodes...)
	nodes[0].fillTypes(t, 300)
	deleted := deletedCells(t, nodes, 8)
	if text := out.String(); strings.Contains(text, "divergence found") {
		t.Fatal("alarm before the damage")
	}
	nodes[1].damage(t, 8, deleted)
	eventually(t, "the alarm", func() bool { return strings.Contains(out.String(), "divergence found") })
	eventually(t, "healed", func() bool {
		r := nodes[0].verify(t, verify.Options{All: true})
		return r.Clean() && len(r.Findings) == 0
	})
	// One run may have come while the damage was being done, and the next one healed the rest.
	if text := out.String(); strings.Contains(text, `\"key`) {
		t.Errorf("log: %s", text[strings.Index(text, "divergence"):])
	}
	for _, want := range []string{"atoll_verify_repaired_cells_total 8", "atoll_verify_differing_cells 0", `atoll_verify_runs_total{result="clean"}`} {
		eventually(t, "metrics tell "+want, func() bool {
			_, page := fetch(t, nodes[1].cfg.HTTPListen, "/metrics")
			return strings.Contains(page, want)
		})
	}
}
