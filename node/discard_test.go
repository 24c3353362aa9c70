package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/server"
)

// fromTheFuture runs three nodes of which eu was an hour ahead when it wrote: two updates that the others
// hold back. offset is the file that says how far eu's clock is off.
func fromTheFuture(t *testing.T) (us, eu, ap *running, offset string) {
	t.Helper()
	cfgs := []Config{testConfig(t, "us"), testConfig(t, "eu"), testConfig(t, "ap")}
	offset = filepath.Join(t.TempDir(), "offset")
	if err := os.WriteFile(offset, []byte("1h"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range cfgs {
		cfgs[i].Gossip.Listen = ""
		for j := range cfgs {
			if i != j {
				cfgs[i].Peers = append(cfgs[i].Peers, cfgs[j].Listen)
			}
		}
	}
	cfgs[1].Dev.ClockOffsetFile, cfgs[1].Dev.Cut, cfgs[1].Bootstrap = offset, []string{"us", "ap"}, true
	us, eu, ap = launch(t, cfgs[0]), launch(t, cfgs[1]), launch(t, cfgs[2])
	eu.do(t, set("k", "from the future"))
	eu.do(t, set("only", "here"))
	serving(t, us, ap)
	us.do(t, set("k", "today"))
	eventually(t, "us and ap are equal", func() bool { return ap.get(t, "k") == "today" })
	eu.cuts.Set(nil, nil)
	eventually(t, "both peers hold back eu's writes", func() bool {
		return us.shard.Stats().Waiting.Parked > 0 && ap.shard.Stats().Waiting.Parked > 0 && len(us.unnamedPeers()) == 0
	})
	return us, eu, ap, offset
}

// keeps waits until a node keeps n updates aside, and holds nothing back.
func (r *running) keeps(t *testing.T, n int) {
	t.Helper()
	eventually(t, r.cfg.Region+" keeps it aside", func() bool {
		st := r.shard.Stats()
		return st.Aside.Records == n && st.Waiting.Frames == 0
	})
}

// TestADiscardedFutureIsKeptAsideAndReplayed: what eu wrote in the future is sealed out while eu stays a
// member. It is kept aside once at each peer, over a restart too; eu begins anew and the updates come back
// with stamps of today.
func TestADiscardedFutureIsKeptAsideAndReplayed(t *testing.T) {
	us, eu, ap, offset := fromTheFuture(t)
	euName := eu.local.Node
	if _, err := eu.remover.discard(t.Context(), euName); err == nil || !strings.Contains(err.Error(), "its own") {
		t.Errorf("eu discards itself: %v", err)
	}
	if _, err := us.remover.discard(t.Context(), ap.local.Node); err == nil || !strings.Contains(err.Error(), "holds nothing back") {
		t.Errorf("ap, of which nothing is parked, was discarded: %v", err)
	}
	m, err := us.remover.discard(t.Context(), euName)
	if err != nil || m.State != registry.Active || m.Life != 1 || len(m.Seals) != 1 || m.Seals[0].Seq != 0 {
		t.Fatalf("%+v %v", m, err)
	}
	us.keeps(t, 2)
	ap.keeps(t, 2)
	eventually(t, "eu stops answering", func() bool {
		return eu.refusal(true) != "" && eu.refusal(false) == server.CodeRemoved // its clock is off, too
	})
	if us.get(t, "k") != "today" || us.get(t, "only") != "" || ap.get(t, "only") != "" {
		t.Error("a discarded update was merged")
	}
	for _, n := range []*running{us, ap} {
		if now := n.hlc.Last().WallMillis(); now > time.Now().Add(time.Minute).UnixMilli() {
			t.Errorf("the clock of %s was pulled to %d", n.cfg.Region, now)
		}
	}
	us.do(t, set("k", "later today"))
	if err := us.stop(); err != nil {
		t.Fatal(err)
	}
	us = launch(t, us.cfg)
	serving(t, us)
	us.keeps(t, 2)

	if err := os.WriteFile(offset, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := eu.stop(); err != nil {
		t.Fatal(err)
	}
	old := launch(t, eu.cfg)
	if old.refusal(true) != server.CodeRemoved {
		t.Errorf("the old directory serves after a restart: %q", old.refusal(true))
	}
	if err := old.stop(); err != nil {
		t.Fatal(err)
	}
	cfg := eu.cfg
	cfg.DataDir, cfg.Bootstrap, cfg.Dev.Cut = t.TempDir(), false, nil
	eu = launch(t, cfg)
	all := []*running{us, eu, ap}
	eventually(t, "eu has begun anew", func() bool { return eu.refusal(false) == "" && eu.get(t, "k") == "later today" })
	if sum, err := us.salvage.replay(t.Context(), euName, false, false); err != nil || sum.Records != 2 {
		t.Fatalf("replayed %+v %v", sum, err)
	}
	eventually(t, "everything is everywhere", func() bool {
		return eu.get(t, "only") == "here" && ap.get(t, "only") == "here" && converged(t, all)()
	})
	ap.keeps(t, 0)
	eu.do(t, set("anew", "yes"))
	eventually(t, "what the new eu writes counts", func() bool { return us.get(t, "anew") == "yes" && ap.get(t, "anew") == "yes" })
}

// TestADiscardThatStopsHalfWayIsFinishedByAnother: without ap nothing changes; when ap is lost after eu was
// frozen, it says so, and another member finishes it.
func TestADiscardThatStopsHalfWayIsFinishedByAnother(t *testing.T) {
	us, eu, ap, _ := fromTheFuture(t)
	name, tell := eu.local.Node, us.remover.tell
	var asked, failAt atomic.Int64 // members are told at once
	failAt.Store(1)
	us.remover.tell = func(ctx context.Context, to string, b []byte) (*registry.Registry, []registry.Head, error) {
		if asked.Add(1) >= failAt.Load() {
			return nil, nil, errors.New("lost")
		}
		return tell(ctx, to, b)
	}
	if _, err := us.remover.discard(t.Context(), name); err == nil || !strings.Contains(err.Error(), "nothing was changed") || us.stateOf(name) != registry.Active {
		t.Fatalf("without ap: %v, %v", err, us.stateOf(name))
	}
	asked.Store(0)
	failAt.Store(2)
	if _, err := us.remover.discard(t.Context(), name); err == nil || !strings.Contains(err.Error(), "run the command again") || us.stateOf(name) != registry.Sealing {
		t.Fatalf("ap is lost half way: %v, %v", err, us.stateOf(name))
	}
	if err := us.stop(); err != nil { // killed there: what was decided is stored
		t.Fatal(err)
	}
	us = launch(t, us.cfg)
	serving(t, us)
	eventually(t, "ap learns that eu is frozen", func() bool { return ap.stateOf(name) == registry.Sealing })
	eventually(t, "ap finishes it", func() bool {
		m, err := ap.remover.discard(t.Context(), name)
		return err == nil && m.Life == 1 && m.By == ap.local.Node
	})
	us.keeps(t, 2)
	ap.keeps(t, 2)
}

// TestTwoThatRemoveEachOther: one of them gives way, and nobody is left leaving.
func TestTwoThatRemoveEachOther(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	eventually(t, "all are known", func() bool {
		return len(us.roll.get().All()) == 3 && len(eu.roll.get().All()) == 3 && len(us.unnamedPeers())+len(eu.unnamedPeers()) == 0
	})
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { errs[0] = remove(t, us, eu.local.Node) })
	both.Go(func() { errs[1] = remove(t, eu, us.local.Node) })
	both.Wait()
	t.Logf("us: %v; eu: %v", errs[0], errs[1])
	if errs[0] == nil && errs[1] == nil {
		t.Error("they removed each other")
	}
	gone := 0
	for _, n := range []*running{us, eu} {
		eventually(t, n.cfg.Region+" is in or out", func() bool {
			s := ap.stateOf(n.local.Node)
			return s == registry.Removed && n.refusal(true) == server.CodeRemoved || s == registry.Active && n.refusal(true) == ""
		})
		if ap.stateOf(n.local.Node) == registry.Removed {
			gone++
		}
	}
	if want := 2 - len(errsOf(errs[:])); gone != want || ap.refusal(true) != "" {
		t.Errorf("%d are removed, %d commands succeeded; ap: %q", gone, want, ap.refusal(true))
	}
}

func errsOf(list []error) (out []error) {
	for _, err := range list {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// TestTwoRemovalsAtOnce: two operators remove two members of four at the same time, at two others.
func TestTwoRemovalsAtOnce(t *testing.T) {
	nodes := trio(t)
	cfg := testConfig(t, "sa")
	cfg.Gossip.Join = []string{nodes[0].cfg.Gossip.Listen}
	nodes = append(nodes, launch(t, cfg))
	us, eu, ap, sa := nodes[0], nodes[1], nodes[2], nodes[3]
	serving(t, sa)
	ap.incr(t, "n", 5)
	sa.incr(t, "n", 5)
	eventually(t, "all are equal", converged(t, nodes))
	var both sync.WaitGroup
	for by, name := range map[*running]string{us: ap.local.Node, eu: sa.local.Node} {
		both.Go(func() {
			eventually(t, by.cfg.Region+" removes "+name, func() bool { return remove(t, by, name) == nil })
		})
	}
	both.Wait()
	eventually(t, "both are removed everywhere", func() bool {
		for _, n := range []*running{us, eu} {
			if n.stateOf(ap.local.Node) != registry.Removed || n.stateOf(sa.local.Node) != registry.Removed {
				return false
			}
		}
		return ap.refusal(true) == server.CodeRemoved && sa.refusal(true) == server.CodeRemoved
	})
	us.incr(t, "n", 1)
	eventually(t, "the rest goes on", func() bool { return eu.get(t, "n") == "11" })
}

// TestASealThatNobodyCanReachComesDown: us removes ap, having updates of ap that eu lacks, and dies. By
// force ap is sealed anew where eu is; what lies above is kept aside when ap is back.
func TestASealThatNobodyCanReachComesDown(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	usName, apName := us.local.Node, ap.local.Node
	ap.incr(t, "n", 5)
	eventually(t, "all are equal", converged(t, nodes))
	eu.cuts.Set([]string{"us", "ap"}, nil)
	us.cuts.Set([]string{"eu"}, nil)
	ap.cuts.Set([]string{"eu"}, nil)
	ap.incr(t, "n", 15)
	eventually(t, "us has what eu lacks", func() bool { return us.get(t, "n") == "20" })
	if err := ap.stop(); err != nil {
		t.Fatal(err)
	}
	// eu agrees, and has fetched nothing when us dies.
	us.remover.tell = func(ctx context.Context, to string, b []byte) (*registry.Registry, []registry.Head, error) {
		if to == apName {
			return nil, nil, errors.New("gone")
		}
		if err := eu.roll.learn(ctx, usName, b); err != nil {
			return nil, nil, err
		}
		heads, err := eu.roll.heads(ctx)
		return eu.roll.get(), heads, err
	}
	if _, err := us.remover.remove(t.Context(), []string{apName}, true); err != nil {
		t.Fatal(err)
	}
	if err := us.stop(); err != nil {
		t.Fatal(err)
	}
	m, _ := eu.roll.get().Get(apName)
	if m.State != registry.Removed || owed(m, eu.durable()) != 15 {
		t.Fatalf("%+v: eu lacks %d", m, owed(m, eu.durable()))
	}
	if err := remove(t, eu, usName); err != nil {
		t.Fatal(err)
	}
	if _, err := eu.remover.remove(t.Context(), []string{apName}, true); err != nil {
		t.Fatal(err)
	}
	if m, _ = eu.roll.get().Get(apName); m.State != registry.Removed || m.By != eu.local.Node || owed(m, eu.durable()) != 0 {
		t.Fatalf("%+v: eu lacks %d", m, owed(m, eu.durable()))
	}
	eu.incr(t, "n", 1)
	eu.cuts.Set(nil, nil)
	back := launch(t, ap.cfg)
	eu.keeps(t, 15)
	if back.refusal(true) != server.CodeRemoved || eu.get(t, "n") != "6" {
		t.Errorf("ap answers %q, n is %s", back.refusal(true), eu.get(t, "n"))
	}
	if sum, err := eu.salvage.replay(t.Context(), apName, false, false); err != nil || sum.Records != 15 || eu.get(t, "n") != "21" {
		t.Errorf("replayed %+v %v: n is %s", sum, err, eu.get(t, "n"))
	}
	late := launch(t, us.cfg)
	eventually(t, "us, which has more than counts, says so", func() bool {
		return late.refusal(true) == server.CodeRemoved && late.alarms.get()[alarmAbove] != ""
	})
}
