package node

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// enders starts three nodes that forget former incarnations after a second.
func enders(t *testing.T, change ...func(*Config)) (cfgs []Config, nodes []*running) {
	t.Helper()
	var seed string
	for _, region := range []string{"us", "eu", "ap"} {
		cfg := testConfig(t, region)
		cfg.Origins.EndAfter = time.Second
		for _, f := range change {
			f(&cfg)
		}
		if seed != "" {
			cfg.Gossip.Join = []string{seed}
		} else {
			seed = cfg.Gossip.Listen
		}
		cfgs, nodes = append(cfgs, cfg), append(nodes, launch(t, cfg))
	}
	serving(t, nodes...)
	return cfgs, nodes
}

func incr(key string) keyspace.Command { return command.Incr{Key: []byte(key), Delta: 1} }

func (r *running) ends() keyspace.Ends { return r.shard.Stats().Ends }

// sameState waits until all nodes hold the same, by vector and digest.
func sameState(t *testing.T, nodes ...*running) {
	t.Helper()
	eventually(t, "equal digests", func() bool {
		first, err := nodes[0].shard.Digest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes[1:] {
			if d, err := n.shard.Digest(t.Context()); err != nil || !d.Vector.Equal(first.Vector) || d.Sum != first.Sum {
				return false
			}
		}
		return true
	})
}

// A node that is started again and again leaves neither vector entries nor counter shards.
func TestRestartsLeaveNothingBehind(t *testing.T) {
	cfgs, nodes := enders(t)
	const rounds = 6
	for i := range rounds {
		for _, n := range nodes {
			n.do(t, incr("n"))
			n.do(t, set(fmt.Sprint("k", i), n.cfg.Region))
		}
		if err := nodes[0].stop(); err != nil {
			t.Fatal(err)
		}
		nodes[0] = launch(t, cfgs[0])
		serving(t, nodes[0])
	}
	nodes[0].do(t, incr("n"))
	eventually(t, "all former incarnations are folded", func() bool {
		for _, n := range nodes {
			if e := n.ends(); e.Live != 3 || e.Closed != 0 || e.Folded != rounds {
				return false
			}
		}
		return true
	})
	sameState(t, nodes...)
	for _, n := range nodes {
		if got := n.get(t, "n"); got != fmt.Sprint(3*rounds+1) {
			t.Errorf("%s: n is %s", n.cfg.Region, got)
		}
		if v := n.shard.Stats().Applied; v.Len() != 3 {
			t.Errorf("%s: vector %v", n.cfg.Region, v)
		}
	}
}

// A member that writes nothing holds up nobody: its acknowledgements let all truncate their op logs, and by empty records it
// reports that it has seen an origin to its end, so that all can forget it. Here the limit of the logs is not reached, and
// so truncates nothing.
func TestAMemberThatWritesNothingHoldsUpNobody(t *testing.T) {
	cfgs, nodes := enders(t, func(cfg *Config) { cfg.Log.MaxBytes, cfg.Log.RetainBytes = 4<<20, 128<<10 })
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	const waves, keys, size = 4, 150, 4 << 10
	for i := range waves {
		us.fill(t, fmt.Sprint("w", i, "-"), keys)
		eu.do(t, incr("n"))
		sameState(t, nodes...)
	}
	first := us.shard.Stats().Origin
	for _, n := range nodes {
		eventually(t, n.cfg.Region+" truncates its op log", func() bool {
			start, err := n.db.Log(shardID).Start(first)
			return err == nil && start > 1 && n.db.Log(shardID).Bytes() < waves*keys*size
		})
	}
	folded := 0
	again := func(restarted int, ends int) {
		t.Helper()
		if err := nodes[restarted].stop(); err != nil {
			t.Fatal(err)
		}
		nodes[restarted] = launch(t, cfgs[restarted])
		serving(t, nodes...)
		us, ap = nodes[0], nodes[2]
		us.do(t, incr("n"))
		folded += ends
		eventually(t, fmt.Sprint("folded are ", folded), func() bool {
			for _, n := range nodes {
				if e := n.ends(); e.Closed != 0 || e.Folded != folded {
					return false
				}
			}
			return true
		})
	}
	again(0, 1)
	again(2, 0) // it has no origin until there is something to report
	again(0, 2) // and then ends its former one, too
	sameState(t, nodes...)
	if got := ap.get(t, "n"); got != fmt.Sprint(waves+3) {
		t.Errorf("n is %s", got)
	}
	for _, n := range nodes {
		if e := n.ends(); e.Live != 3 {
			t.Errorf("%s: %+v", n.cfg.Region, e)
		}
	}
}

// A data directory from before others ended its origins takes over what it lacks before it
// writes, and a new node learns of ended origins with the state.
func TestAnOldCopyCatchesUpBeforeItWrites(t *testing.T) {
	cfgs, nodes := enders(t)
	nodes[0].do(t, incr("n"))
	sameState(t, nodes...)
	if err := nodes[0].stop(); err != nil {
		t.Fatal(err)
	}
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(cfgs[0].DataDir)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		nodes[0] = launch(t, cfgs[0])
		serving(t, nodes[0])
		nodes[0].do(t, incr("n"))
		if err := nodes[0].stop(); err != nil {
			t.Fatal(err)
		}
	}
	nodes[0] = launch(t, cfgs[0])
	serving(t, nodes[0])
	nodes[0].do(t, incr("n"))
	eventually(t, "former incarnations are folded", func() bool { return nodes[1].ends().Folded == 3 && nodes[2].ends().Folded == 3 })
	if err := nodes[0].stop(); err != nil {
		t.Fatal(err)
	}
	cfgs[0].DataDir = old
	nodes[0] = launch(t, cfgs[0])
	for written := false; !written; time.Sleep(20 * time.Millisecond) {
		_, err := nodes[0].dispatcher.Do(t.Context(), "", incr("n"))
		written = err == nil // until then it says that it catches up
	}
	sameState(t, nodes...)
	for _, n := range nodes {
		if got := n.get(t, "n"); got != "5" {
			t.Errorf("%s: n is %s", n.cfg.Region, got)
		}
		if e := n.ends(); e.Superseded != nil {
			t.Errorf("%s: %v", n.cfg.Region, e.Superseded)
		}
	}
}
