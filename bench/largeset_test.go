package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// BenchmarkLargeSet is what a set of many members costs beside a small one: microseconds of processor time for each
// SADD of a new member, SISMEMBER and SREM, milliseconds until DEL is acknowledged, and the bytes of one SADD alone, as
// it stands in the op log and goes to each peer.
func BenchmarkLargeSet(b *testing.B) {
	for _, members := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			s := open(b)
			fillSet(b, members, func(c keyspace.Command) error { _, err := s.Execute(b.Context(), c); return err })
			at := func(i int) [][]byte { return [][]byte{fmt.Appendf(nil, "other:%012d", i)} }
			set := []byte("set")
			b.ReportMetric(cost(b, s, func(i int) keyspace.Command { return command.SAdd{Key: set, Members: at(i)} }), "µs/SADD")
			b.ReportMetric(cost(b, s, func(int) keyspace.Command {
				return command.SIsMember{Key: set, Member: fmt.Appendf(nil, "member:%012d", rand.IntN(members))}
			}), "µs/SISMEMBER")
			b.ReportMetric(cost(b, s, func(i int) keyspace.Command { return command.SRem{Key: set, Members: at(i)} }), "µs/SREM")
			b.ReportMetric(float64(shipped(b, members)), "B/SADD")
			begin := time.Now()
			if _, err := s.Execute(b.Context(), command.Delete{List: [][]byte{set}}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(begin).Microseconds())/1000, "ms/DEL")
		})
	}
}

// fillSet adds members to the set, many with each update.
func fillSet(b *testing.B, members int, execute func(keyspace.Command) error) {
	b.Helper()
	for i := 0; i < members; i += 1000 {
		add := command.SAdd{Key: []byte("set")}
		for j := i; j < i+1000; j++ {
			add.Members = append(add.Members, fmt.Appendf(nil, "member:%012d", j))
		}
		if err := execute(add); err != nil {
			b.Fatal(err)
		}
	}
}

// shipped returns the size of the frame of one SADD to a set, in bytes.
func shipped(b *testing.B, members int) int {
	b.Helper()
	db, err := store.Open(store.Options{Dir: b.TempDir(), Fsync: store.FsyncInterval})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	c := keyspace.NewCore(coreConfig, db, nil, clock.NewHLC(clock.NewSystem(), 0))
	commit := func(cmd keyspace.Command) (size int) {
		if _, _, err := c.Execute([]keyspace.Command{cmd}); err != nil {
			b.Fatal(err)
		}
		sealed := c.Seal()
		if _, err := db.Apply(sealed); err != nil {
			b.Fatal(err)
		}
		for _, f := range sealed.Frames {
			size += f.EncodedSize()
		}
		return size
	}
	fillSet(b, members, func(cmd keyspace.Command) error { commit(cmd); return nil })
	return commit(command.SAdd{Key: []byte("set"), Members: [][]byte{[]byte("other")}})
}

// cost runs b.N commands from 64 callers and returns microseconds of processor time for each.
func cost(b *testing.B, s *keyspace.Shard, cmd func(i int) keyspace.Command) float64 {
	b.Helper()
	const callers = 64
	before := cpuTime(b)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N; i += callers {
				if _, err := s.Execute(b.Context(), cmd(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64((cpuTime(b) - before).Microseconds()) / float64(b.N)
}
