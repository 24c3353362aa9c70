package node

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// pair returns the configurations of two nodes that know each other, with small op logs.
func pair(t *testing.T) (a, b Config) {
	t.Helper()
	a, b = testConfig(t, "us"), testConfig(t, "eu")
	for _, cfg := range []*Config{&a, &b} {
		cfg.Gossip.Listen, cfg.Log.MaxBytes = "", 1<<20
	}
	a.Peers, b.Peers = []string{b.Listen}, []string{a.Listen}
	return a, b
}

// fill writes so many keys of 4 KiB, a few at a time.
func (r *running) fill(t *testing.T, prefix string, n int) {
	t.Helper()
	value := bytes.Repeat([]byte{'v'}, 4<<10)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := w; i < n; i += 8 {
				cmd := command.Set{Key: fmt.Appendf(nil, "%s%d", prefix, i), Value: value}
				if _, err := r.dispatcher.Do(t.Context(), "", cmd); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
}

// truncatedBelow waits until the op log of a node has gone on without its first updates.
func (r *running) truncatedBelow(t *testing.T, bytes int64) {
	t.Helper()
	eventually(t, r.cfg.Region+" has truncated its op log", func() bool {
		o := r.shard.Stats().Origin
		start, err := r.db.Log(shardID).Start(o)
		return err == nil && start > 1 && r.db.Log(shardID).Bytes() <= bytes
	})
}

func TestALateNodeCatchesUpByState(t *testing.T) {
	a, b := pair(t)
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.fill(t, "old", 10)
	us.do(t, command.SAdd{Key: []byte("set"), Members: [][]byte{[]byte("x"), []byte("y")}})
	eventually(t, "both are equal", converged(t, []*running{us, eu}))

	us.cuts.Set([]string{"eu"}, nil)
	eu.cuts.Set([]string{"us"}, nil)
	us.do(t, command.Delete{List: [][]byte{[]byte("old3")}})
	us.do(t, command.SRem{Key: []byte("set"), Members: [][]byte{[]byte("x")}})
	us.fill(t, "us", 1000)
	us.do(t, command.Incr{Key: []byte("n"), Delta: 5})
	eu.fill(t, "eu", 20)
	eu.do(t, command.Incr{Key: []byte("n"), Delta: 3})
	eu.do(t, command.SAdd{Key: []byte("set"), Members: [][]byte{[]byte("z")}})
	us.truncatedBelow(t, 3<<20)

	us.cuts.Set(nil, nil)
	eu.cuts.Set(nil, nil)
	eventually(t, "both are equal again", converged(t, []*running{us, eu}))
	for _, n := range []*running{us, eu} {
		if st := n.fetcher.Status(); st.Ended != map[string]uint64{"us": 0, "eu": 1}[n.cfg.Region] {
			t.Errorf("%s has ended %d transfers (%s)", n.cfg.Region, st.Ended, st.LastError)
		}
		if got := n.get(t, "n"); got != "8" {
			t.Errorf("%s counts %s", n.cfg.Region, got)
		}
		if got := len(n.get(t, "eu19")); got != 4<<10 {
			t.Errorf("%s has %d bytes of what eu wrote alone", n.cfg.Region, got)
		}
		if got := n.get(t, "old3"); got != "" {
			t.Errorf("%s shows a key that was deleted: %d bytes", n.cfg.Region, len(got))
		}
		members := n.do(t, command.SMembers{Key: []byte("set")})
		if got := bytes.Join(members.List, []byte(" ")); string(got) != "y z" {
			t.Errorf("%s has members %q", n.cfg.Region, got)
		}
	}
	// Both go on by log: no second transfer.
	us.do(t, set("after", "1"))
	eu.do(t, set("later", "2"))
	eventually(t, "both go on", func() bool { return eu.get(t, "after") == "1" && us.get(t, "later") == "2" })
	if st := eu.fetcher.Status(); st.Begun != 1 || st.Active || st.Loading {
		t.Errorf("eu: %+v", st)
	}
}

// TestOneTransferIsEnough: what a transfer brought counts as held although the disk has it only
// later; otherwise another one began at once.
func TestOneTransferIsEnough(t *testing.T) {
	a, b := pair(t)
	b.Fsync, b.FsyncInterval = "interval", 2*time.Second
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.cuts.Set([]string{"eu"}, nil)
	eu.cuts.Set([]string{"us"}, nil)
	us.fill(t, "us", 1000)
	us.truncatedBelow(t, 3<<20)
	us.cuts.Set(nil, nil)
	eu.cuts.Set(nil, nil)
	eventually(t, "a transfer has ended", func() bool { return eu.fetcher.Status().Ended > 0 })
	if err := eu.shard.AwaitDurable(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "none runs", func() bool { return !eu.fetcher.Status().Running })
	if st := eu.fetcher.Status(); st.Begun != 1 || st.Ended != 1 {
		t.Errorf("eu: %+v", st)
	}
}

// TestANewNodeAnswersNobodyBeforeItHasTheData: neither at once, nor after it was stopped in
// the middle of its first load.
func TestANewNodeAnswersNobodyBeforeItHasTheData(t *testing.T) {
	a, b := pair(t)
	b.Peers = nil
	b.Transfer.MaxRate = 4 << 20
	eu := launch(t, b) // it has no peer: it serves at once
	eu.fill(t, "k", 2000)
	eu.truncatedBelow(t, 3<<20)

	us := launch(t, a)
	loading := func(cmd keyspace.Command) {
		t.Helper()
		_, err := us.dispatcher.Do(t.Context(), "", cmd)
		var e *server.Error
		if !errors.As(err, &e) || e.Code != server.CodeLoading || !e.Retryable {
			t.Fatalf("%s at a node that loads: %v", cmd.Name(), err)
		}
	}
	loading(command.Get{Key: []byte("k1")})
	loading(set("k1", "v"))
	eventually(t, "some of the state has come", func() bool { return us.fetcher.Status().Cells > 100 })
	if us.ready() == nil || us.state() != "loading" {
		t.Errorf("ready %v, state %s", us.ready(), us.state())
	}
	if err := us.loading.refusal(); err == nil || !strings.Contains(err.Error(), "takes over the data of eu/n1") {
		t.Errorf("refusal does not tell progress: %v", err)
	}
	cells := us.fetcher.Status().Cells
	if err := us.stop(); err != nil {
		t.Fatal(err)
	}
	us = launch(t, a)
	loading(command.Get{Key: []byte("k1")})
	if got := us.fetcher.Status().Cells; got < cells {
		t.Errorf("%d cells after a restart, %d before", got, cells)
	}
	serving(t, us)
	if got := len(us.get(t, "k1999")); got != 4<<10 {
		t.Errorf("%d bytes of the last key", got)
	}
	eventually(t, "both are equal", converged(t, []*running{us, eu}))
	if err := us.stop(); err != nil {
		t.Fatal(err)
	}
	us = launch(t, a)
	us.get(t, "k1") // it knows that it has everything
}

// TestANewNodeThatGotEverythingByLog: the op log may be faster than the first transfer.
func TestANewNodeThatGotEverythingByLog(t *testing.T) {
	a, b := pair(t)
	b.Peers = nil
	eu := launch(t, b)
	eu.do(t, set("k", "v"))
	us := launch(t, a)
	serving(t, us)
	if got := us.get(t, "k"); got != "v" {
		t.Errorf("the first answer is %q", got)
	}
}

func TestANewNodeThatIsToldSoServesAtOnce(t *testing.T) {
	a, _ := pair(t)
	if n := launch(t, a); n.ready() == nil {
		t.Error("a new node with a peer that is not up serves")
	}
	c, _ := pair(t)
	c.Bootstrap = true
	if n := launch(t, c); n.ready() != nil {
		t.Errorf("with bootstrap: %v", n.ready())
	}
}
