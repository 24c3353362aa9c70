package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// cpuTime is what the process has used, user and system.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f for b.N operations and reports rate and CPU-seconds a million.
func measure(b *testing.B, f func()) {
	cpu, start := cpuTime(b), time.Now()
	b.ResetTimer()
	f()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "op/s")
	b.ReportMetric((cpuTime(b)-cpu).Seconds()*1e6/float64(b.N), "CPU-s/M")
}

func newOrigin() clock.Origin { return clock.Origin(rand.Uint64() | 1) }

// coreConfig has the cache of a node with its defaults.
var coreConfig = keyspace.CoreConfig{Region: "us", Node: "n1", NewOrigin: newOrigin, CacheBytes: 192 << 20}

// open starts a shard on a real disk, fsync always.
func open(b *testing.B) *keyspace.Shard {
	b.Helper()
	db, err := store.Open(store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	s, err := keyspace.Open(keyspace.Config{CoreConfig: coreConfig}, db, clock.NewHLC(clock.NewSystem(), 0))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func key(n int) []byte { return fmt.Appendf(nil, "key:%012d", rand.IntN(n)) }

// BenchmarkCommit is the commit loop: commands to acknowledged, without a network.
func BenchmarkCommit(b *testing.B) {
	value := make([]byte, 256)
	for name, cmd := range map[string]func() keyspace.Command{
		"set":  func() keyspace.Command { return command.Set{Key: key(1_000_000), Value: value} },
		"incr": func() keyspace.Command { return command.Incr{Key: key(1000), Delta: 1} },
		"incr with an id": func() keyspace.Command {
			id := make([]byte, 16)
			binary.NativeEndian.PutUint64(id, rand.Uint64())
			binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
			return command.Once{ID: id, Do: command.Incr{Key: key(1000), Delta: 1}}
		},
		"sadd": func() keyspace.Command {
			return command.SAdd{Key: []byte("set"), Members: [][]byte{key(1_000_000)}}
		},
		"hset": func() keyspace.Command {
			return command.HSet{Key: []byte("hash"), Fields: []command.FieldValue{{Field: key(1_000_000), Value: value}}}
		},
		"zadd": func() keyspace.Command {
			return command.ZAdd{Key: []byte("zset"), Members: []keyspace.Scored{{Member: key(1_000_000), Score: float64(rand.IntN(1_000_000))}}}
		},
	} {
		for _, writers := range []int{1, 50, 256} {
			b.Run(fmt.Sprintf("%s/writers=%d", name, writers), func(b *testing.B) {
				s := open(b)
				measure(b, func() {
					var left atomic.Int64
					left.Store(int64(b.N))
					var wg sync.WaitGroup
					for range writers {
						wg.Go(func() {
							for left.Add(-1) >= 0 {
								if _, err := s.Execute(context.Background(), cmd()); err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					wg.Wait()
				})
			})
		}
	}
}

// frames makes frames of 512 SETs each, as a loaded origin commits them.
func frames(b *testing.B, n int) (list []*oplog.Frame, bytes int) {
	b.Helper()
	db, err := store.Open(store.Options{Dir: b.TempDir(), Fsync: store.FsyncInterval})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	c := keyspace.NewCore(coreConfig, db, nil, clock.NewHLC(clock.NewSystem(), 0))
	value := make([]byte, 256)
	for done := 0; done < n; done += 512 {
		for range min(512, n-done) {
			if _, _, err := c.Execute([]keyspace.Command{command.Set{Key: key(1_000_000), Value: value}}); err != nil {
				b.Fatal(err)
			}
		}
		commit := c.Seal()
		if _, err := db.Apply(commit); err != nil {
			b.Fatal(err)
		}
		for _, f := range commit.Frames {
			bytes += f.EncodedSize()
			list = append(list, f)
		}
	}
	return list, bytes
}

// BenchmarkMerge is goal R2: applying deltas with full merge, on a real disk.
func BenchmarkMerge(b *testing.B) {
	list, _ := frames(b, b.N)
	s := open(b)
	measure(b, func() {
		var wg sync.WaitGroup
		for _, f := range list {
			wg.Add(1)
			if err := s.Merge(context.Background(), f, func(err error) {
				if err != nil {
					b.Error(err)
				}
				wg.Done()
			}); err != nil {
				b.Fatal(err)
			}
		}
		wg.Wait()
	})
}

// sample is how many deltas the benchmarks of encoding and sending go round and round:
// more would measure the memory.
const sample = 20 * 512

// BenchmarkEncode is what an origin pays once for all peers: frame to bytes.
func BenchmarkEncode(b *testing.B) {
	list, bytes := frames(b, sample)
	buf := make([]byte, 0, 1<<20)
	measure(b, func() {
		for n, i := 0, 0; n < b.N; i++ {
			f := list[i%len(list)]
			buf = f.Append(buf[:0])
			n += int(f.Count)
		}
	})
	b.ReportMetric(float64(bytes)/sample/(16+256), "wire/raw")
}

// memoryLog is one origin's frames, as the ring holds them.
type memoryLog struct {
	head  store.Head
	bytes [][]byte
	last  []clock.Seq
}

func (*memoryLog) Ended(store.ShardID) ([]store.Head, *clock.Retired) { return nil, nil }

func (l *memoryLog) Heads(store.ShardID) ([]store.Head, <-chan struct{}) {
	return []store.Head{l.head}, nil
}

func (l *memoryLog) Next(_ store.ShardID, _ clock.Origin, after clock.Seq, _ int) ([][]byte, clock.Seq, error) {
	i, _ := slices.BinarySearch(l.last, after+1)
	if i == len(l.last) {
		return nil, after, nil
	}
	return l.bytes[i : i+1], l.last[i], nil
}

// BenchmarkSource is the sending state machine: frames of the ring to messages.
func BenchmarkSource(b *testing.B) {
	list, _ := frames(b, sample)
	log := &memoryLog{}
	for _, f := range list {
		log.bytes, log.last = append(log.bytes, f.Append(nil)), append(log.last, f.Last())
		log.head = store.Head{Origin: f.Origin, Seq: f.Last(), Hash: f.Hash, Time: 1}
	}
	measure(b, func() {
		for n := 0; n < b.N; n += sample {
			drain(b, log)
		}
	})
}

// drain takes everything out of the log through one stream.
func drain(b *testing.B, log *memoryLog) {
	id := func(n string) replication.Identity {
		return replication.Identity{Cluster: "c", Node: n, Region: n, Address: n}
	}
	src := replication.NewSource(replication.SourceConfig{
		Local: id("a"), Shards: []store.ShardID{0}, Log: log,
		Own: func(store.ShardID) []clock.Origin { return []clock.Origin{log.head.Origin} },
	})
	if err := src.Recv(&replication.Hello{Identity: id("b"), ProtocolMin: 1, ProtocolMax: 1, Credit: 1 << 40}); err != nil {
		b.Fatal(err)
	}
	for {
		m, err := src.Next()
		if err != nil {
			b.Fatal(err)
		}
		if m == nil {
			break
		}
	}
	if n := src.Counts().Frames; n != uint64(len(log.last)) {
		b.Fatalf("%d frames of %d were sent", n, len(log.last))
	}
}
