package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/node"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/store"
)

func main() {
	keys := flag.Int("keys", 1_000_000, "keys in each region")
	value := flag.Int("value", 100, "bytes of a value")
	damage := flag.String("damage", "1,100,10000", "numbers of cells to damage")
	flag.Parse()
	if err := run(*keys, *value, strings.Split(*damage, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

func run(keys, value int, damage []string) error {
	dir, err := os.MkdirTemp("", "atoll-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	us, eu := filepath.Join(dir, "us"), filepath.Join(dir, "eu")
	start := time.Now()
	if err := load(us, keys, value); err != nil {
		return err
	}
	if err := os.CopyFS(eu, os.DirFS(us)); err != nil {
		return err
	}
	fmt.Printf("%d keys of %d bytes, loaded in %.1f s\n\n", keys, value, time.Since(start).Seconds())
	fmt.Println("    k    find ms  bytes/k  repair ms  bytes/k beside values   goal: 100 k + 4096")
	for _, text := range damage {
		k, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := measure(us, eu, k); err != nil {
			return fmt.Errorf("%d damaged: %w", k, err)
		}
	}
	return measureNothing(us, eu)
}

// region is a shard that runs and can be compared.
type region struct {
	db       *store.DB
	shard    *keyspace.Shard
	verifier *verify.Verifier
	comparer *grpctransport.Comparer
	server   *grpc.Server
	address  string
	stop     func() error
}

func open(dir string) (*store.DB, error) {
	return store.Open(store.Options{Dir: dir, Fsync: store.FsyncInterval})
}

func startShard(db *store.DB, name string) (*keyspace.Shard, func() error, error) {
	heads, err := db.Heads(0)
	if err != nil {
		return nil, nil, err
	}
	core := keyspace.CoreConfig{Region: name, Node: "n1", NewOrigin: func() clock.Origin { return clock.Origin(rand.Uint64() | 1) }}
	s, err := keyspace.Open(keyspace.Config{CoreConfig: core}, db, clock.NewHLC(clock.NewSystem(), keyspace.Floor(heads)))
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() error { cancel(); return <-ended }, nil
}

func load(dir string, keys, value int) error {
	db, err := open(dir)
	if err != nil {
		return err
	}
	s, stop, err := startShard(db, "us")
	if err != nil {
		return err
	}
	for i := 0; i < keys; i += 1000 {
		var cmds []keyspace.Command
		for j := i; j < min(i+1000, keys); j++ {
			cmds = append(cmds, command.Set{Key: fmt.Appendf(nil, "key-%08d", j), Value: make([]byte, value)})
		}
		if _, err := s.Execute(context.Background(), cmds...); err != nil {
			return err
		}
	}
	if err := stop(); err != nil {
		return err
	}
	return db.Close()
}

// start opens a region; peer is the other one, nil for none yet.
func start(dir, name string, db *store.DB, peer *region) (*region, error) {
	r := &region{db: db}
	var stop func() error
	var err error
	if r.shard, stop, err = startShard(db, name); err != nil {
		return nil, err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.address, r.comparer = lis.Addr().String(), grpctransport.NewComparer(nil)
	r.verifier = verify.New(verify.Config{
		Self: verify.Identity{Cluster: "bench", Region: name, Node: "n1"}, Replica: node.ComparedShard(r.shard),
		Transport: r.comparer, Wall: clock.NewSystem(), Salt: rand.Uint64,
		Peers: func() []verify.Peer { return []verify.Peer{{Region: "us", Node: "n1", Address: peer.address}} },
	})
	r.server = grpc.NewServer(grpctransport.ServerOptions()...)
	grpctransport.NewCompareServer(r.verifier).Register(r.server)
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(lis) }()
	r.stop = func() error {
		r.comparer.Close()
		r.server.Stop()
		<-served
		if err := stop(); err != nil {
			return err
		}
		return r.db.Close()
	}
	return r, nil
}

// pair opens both regions, after damage to the second.
func pair(usDir, euDir string, damage func(*store.DB) error) (us, eu *region, err error) {
	a, err := open(usDir)
	if err != nil {
		return nil, nil, err
	}
	b, err := open(euDir)
	if err != nil {
		return nil, nil, err
	}
	if err := damage(b); err != nil {
		return nil, nil, err
	}
	if us, err = start(usDir, "us", a, nil); err != nil {
		return nil, nil, err
	}
	eu, err = start(euDir, "eu", b, us)
	return us, eu, err
}

// injure changes k cells: another value, none, and one that should not be, in turn.
func injure(db *store.DB, k int) (values int, err error) {
	all, err := cells(db)
	if err != nil {
		return 0, err
	}
	commit := &store.Commit{}
	for i, at := range rand.New(rand.NewPCG(uint64(k), 1)).Perm(len(all))[:k] {
		c := all[at]
		values += len(c.Value)
		if i%2 == 0 {
			c.Value = slices.Clone(c.Value)
			c.Value[len(c.Value)-1] ^= 1
		} else {
			c.Value = nil
		}
		commit.Cells = append(commit.Cells, c)
	}
	p, err := db.Apply(commit)
	if err != nil {
		return 0, err
	}
	return values, p.Durable()
}

func cells(db *store.DB) (all []store.Cell, err error) {
	it, err := db.Iterate([]byte{store.SpaceData}, []byte{store.SpaceData + 1})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		all = append(all, store.Cell{Key: slices.Clone(it.Key()), Value: slices.Clone(it.Value())})
	}
	return all, it.Close()
}

func measure(usDir, euDir string, k int) error {
	values := 0
	us, eu, err := pair(usDir, euDir, func(db *store.DB) (err error) { values, err = injure(db, k); return err })
	if err != nil {
		return err
	}
	ctx := context.Background()
	// Digests are warm, as after the verification before: what differs is to be found.
	if err := warm(us, eu); err != nil {
		return err
	}
	found, err := eu.verifier.Verify(ctx, verify.Options{}, nil)
	if err != nil {
		return err
	}
	healed, err := eu.verifier.Verify(ctx, verify.Options{Repair: true, From: "us"}, nil)
	if err != nil {
		return err
	}
	if found.Remaining() != k || healed.Counts[verify.Repaired] != k || !healed.Clean() {
		return fmt.Errorf("found %v, healed %v, %+v", found.Counts, healed.Counts, healed.Peers)
	}
	find, repair := traffic(found), traffic(healed)-values
	verdict := "met"
	if repair > 100*k+4096 {
		verdict = "MISSED"
	}
	fmt.Printf("%6d %8.1f %8.1f %10.1f %8.1f %24s: %d of %d\n", k, ms(found.Took), float64(find)/float64(k), ms(healed.Took), float64(repair)/float64(k), verdict, repair, 100*k+4096)
	if err := eu.stop(); err != nil {
		return err
	}
	return us.stop()
}

func warm(regions ...*region) error {
	for _, r := range regions {
		if _, err := r.shard.Digest(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func traffic(r *verify.Report) int { return int(r.Peers[0].BytesSent + r.Peers[0].BytesReceived) }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measureNothing compares equal regions: from disk, and again and again by what is kept.
func measureNothing(usDir, euDir string) error {
	us, eu, err := pair(usDir, euDir, func(*store.DB) error { return nil })
	if err != nil {
		return err
	}
	ctx := context.Background()
	full, err := eu.verifier.Verify(ctx, verify.Options{All: true}, nil)
	if err != nil || !full.Clean() {
		return fmt.Errorf("equal regions: %+v, %w", full, err)
	}
	var took []time.Duration
	bytes := 0
	for range 200 {
		r, err := eu.verifier.Verify(ctx, verify.Options{}, nil)
		if err != nil || !r.Clean() {
			return fmt.Errorf("equal regions: %+v, %w", r, err)
		}
		took, bytes = append(took, r.Took), traffic(r)
	}
	slices.Sort(took)
	fmt.Printf("\nnothing different: %.3f ms (median of 200, p99 %.3f), %d bytes; goal 1 ms and 1024 bytes\n", ms(took[100]), ms(took[198]), bytes)
	fmt.Printf("nothing different, every cell read from disk on both sides: %.0f ms, %d bytes\n", ms(full.Took), traffic(full))
	if err := eu.stop(); err != nil {
		return err
	}
	return us.stop()
}
