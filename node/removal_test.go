package node

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/server"
)

func (r *running) incr(t *testing.T, key string, n int) {
	t.Helper()
	for range n {
		r.do(t, command.Incr{Key: []byte(key), Delta: 1})
	}
}

// refusal is the code that a client gets for a command.
func (r *running) refusal(write bool) server.Code {
	var err error
	if write {
		_, err = r.dispatcher.Do(context.Background(), "", set("k", "v"))
	} else {
		_, err = r.dispatcher.Do(context.Background(), "", command.Get{Key: []byte("k")})
	}
	if err == nil {
		return ""
	}
	return server.Explain(err).Code
}

func (r *running) stateOf(name string) registry.State {
	m, _ := r.roll.get().Get(name)
	return m.State
}

func remove(t *testing.T, r *running, names ...string) error {
	t.Helper()
	_, err := r.remover.remove(t.Context(), names, false)
	return err
}

// TestARemovedRegionIsSealedAndItsLateWritesAreKeptAside: ap is cut off with a tail, of which a part
// is at eu alone. It is removed, comes back, and is added again as a new node.
func TestARemovedRegionIsSealedAndItsLateWritesAreKeptAside(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	ap.incr(t, "n", 5)
	eventually(t, "all are equal", converged(t, nodes))

	us.cuts.Set([]string{"eu", "ap"}, nil)
	eu.cuts.Set([]string{"us"}, nil)
	ap.cuts.Set([]string{"us"}, nil)
	ap.incr(t, "n", 15)
	eventually(t, "eu has what us lacks", func() bool { return eu.get(t, "n") == "20" })
	eu.cuts.Set([]string{"us", "ap"}, nil)
	ap.cuts.Set([]string{"us", "eu"}, nil)
	eventually(t, "eu hears nothing of ap", func() bool {
		for _, p := range eu.replicator.Status() {
			if p.Region == "ap" && p.Live {
				return false
			}
		}
		return true
	})
	ap.incr(t, "n", 10) // nobody has these
	ap.do(t, set("late", "1"))

	// eu cannot be asked: nothing may change.
	var refused *server.Error
	if err := remove(t, us, "ap"); !errors.As(err, &refused) || refused.Code != server.CodeMembers || !strings.Contains(refused.Message, "eu/") {
		t.Fatalf("removal without eu: %v", err)
	}
	apName := ap.local.Node
	if us.stateOf(apName) != registry.Active {
		t.Fatalf("a removal that failed leaves ap %v", us.stateOf(apName))
	}

	us.cuts.Set([]string{"ap"}, nil)
	eu.cuts.Set([]string{"ap"}, nil)
	eventually(t, "ap is removed", func() bool { return remove(t, us, "ap") == nil })
	pair := []*running{us, eu}
	eventually(t, "both reach the seal", func() bool { return us.get(t, "n") == "20" && converged(t, pair)() })
	if m, _ := eu.roll.get().Get(apName); m.State != registry.Removed || m.By != us.local.Node || len(m.Seals) != 1 {
		t.Errorf("eu knows %+v", m)
	}
	if err := remove(t, us, apName); err != nil {
		t.Errorf("removing it again: %v", err)
	}
	us.incr(t, "go on", 3)
	mine := us.shard.Stats().Origin
	eventually(t, "the op log may be truncated without ap", func() bool {
		return us.replicator.TruncationPoint(shardID).Get(mine) == us.durable().Get(mine) && eu.get(t, "go on") == "3"
	})

	// ap comes back.
	us.cuts.Set(nil, nil)
	eu.cuts.Set(nil, nil)
	ap.cuts.Set(nil, nil)
	eventually(t, "ap learns that it was removed", func() bool {
		return ap.refusal(false) == server.CodeRemoved
	})
	if ap.refusal(true) != server.CodeRemoved {
		t.Error("ap takes writes")
	}
	eventually(t, "its tail is kept aside", func() bool {
		return us.shard.Stats().Aside.Records == 11 && eu.shard.Stats().Aside.Records == 11
	})
	if us.get(t, "n") != "20" || us.get(t, "late") != "" || eu.get(t, "n") != "20" || !converged(t, pair)() {
		t.Errorf("a late write was merged: n=%s late=%q", us.get(t, "n"), us.get(t, "late"))
	}
	kept, err := us.salvage.list(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Records != 11 || kept[0].Keys != 2 || kept[0].Keeper != us.local.Node || kept[0].Writer.Region != "ap" {
		t.Fatalf("kept aside: %+v %v", kept, err)
	}
	eventually(t, "the alarm is on", func() bool { return us.alarms.get()[alarmAside] != "" && ap.alarms.get()[alarmRemoved] != "" })

	if _, err := eu.salvage.replay(t.Context(), apName, false, false); err == nil || !strings.Contains(err.Error(), us.local.Node) {
		t.Errorf("a second member replays: %v", err)
	}
	sum, err := us.salvage.replay(t.Context(), apName, false, false)
	if err != nil || sum.Records != 11 {
		t.Fatalf("replayed %+v %v", sum, err)
	}
	eventually(t, "what was replayed is everywhere, once", func() bool {
		return us.get(t, "n") == "30" && eu.get(t, "n") == "30" && eu.get(t, "late") == "1"
	})
	eventually(t, "nothing is kept aside any more", func() bool {
		return us.shard.Stats().Aside.Records == 0 && eu.shard.Stats().Aside.Records == 0
	})

	// It is added again. Its old directory stays out; an empty one comes in.
	if _, err := us.remover.add(t.Context(), apName, ap.local.Address); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ap's old directory is told", func() bool { return ap.stateOf(apName) == registry.Active })
	if ap.refusal(false) != server.CodeRemoved {
		t.Errorf("the old directory serves: %q", ap.refusal(false))
	}
	if err := ap.stop(); err != nil {
		t.Fatal(err)
	}
	cfg := ap.cfg
	old := launch(t, cfg)
	if old.refusal(true) != server.CodeRemoved {
		t.Errorf("the old directory serves after a restart: %q", old.refusal(true))
	}
	if err := old.stop(); err != nil {
		t.Fatal(err)
	}
	cfg.DataDir = t.TempDir()
	fresh := launch(t, cfg)
	all := []*running{us, eu, fresh}
	eventually(t, "the new ap has everything", func() bool {
		return fresh.refusal(false) == "" && fresh.get(t, "n") == "30" && converged(t, all)()
	})
	fresh.incr(t, "n", 1)
	eventually(t, "what it writes counts", func() bool { return us.get(t, "n") == "31" && eu.get(t, "n") == "31" })
}

func TestAMemberThatAnswersLosesNothingWhenItIsRemoved(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	ap.incr(t, "n", 50)
	eventually(t, "ap is removed", func() bool { return remove(t, eu, ap.local.Node) == nil })
	eventually(t, "the others have all of it", func() bool {
		return us.get(t, "n") == "50" && eu.get(t, "n") == "50" && ap.refusal(false) == server.CodeRemoved
	})
	if us.shard.Stats().Aside.Records+eu.shard.Stats().Aside.Records != 0 {
		t.Error("something is kept aside")
	}
	if err := remove(t, us, us.local.Node); err == nil || !strings.Contains(err.Error(), "cannot remove itself") {
		t.Errorf("removing oneself: %v", err)
	}
	if err := remove(t, us, "mars"); err == nil || !strings.Contains(err.Error(), "mars") {
		t.Errorf("removing nobody: %v", err)
	}
}

func TestSilenceRemovesNobody(t *testing.T) {
	nodes := trio(t)
	us, ap := nodes[0], nodes[2]
	name := ap.local.Node
	if err := ap.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "gossip says that ap is gone", func() bool {
		for _, m := range us.roster.all() {
			if m.Name() == name {
				return m.State.String() != "alive"
			}
		}
		return false
	})
	us.incr(t, "n", 3)
	if us.stateOf(name) != registry.Active {
		t.Errorf("ap is %v", us.stateOf(name))
	}
	mine := us.shard.Stats().Origin
	if got := us.replicator.TruncationPoint(shardID).Get(mine); got != 0 {
		t.Errorf("the op log may be truncated up to %d, and ap has nothing of it", got)
	}
}
