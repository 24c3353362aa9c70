package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/node"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// region is one node in this process, on real sockets and a real disk.
type region struct {
	b    *testing.B
	cfg  node.Config
	c    *client.Client
	stop func()
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l := listen(b)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).String()
}

// config is a node without gossip and HTTP.
func config(b *testing.B, name string) node.Config {
	b.Helper()
	cfg := node.DefaultConfig()
	cfg.Region, cfg.DataDir, cfg.Listen, cfg.RESP.Listen, cfg.HTTPListen, cfg.Gossip.Listen = name, b.TempDir(), freeAddress(b), "", "", ""
	cfg.Dev.Faults = true
	return cfg
}

func startRegion(b *testing.B, cfg node.Config) *region {
	b.Helper()
	n, err := node.Open(cfg, node.Options{Wall: clock.NewSystem(), Version: "bench"})
	check(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	r := &region{b: b, cfg: cfg}
	r.c, err = client.Dial(b.Context(), cfg.Listen)
	check(b, err)
	r.stop = sync.OnceFunc(func() {
		_ = r.c.Close()
		cancel()
		check(b, <-ended)
	})
	b.Cleanup(r.stop)
	return r
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// fill writes keys of 16 bytes with values of 100, some thousand a transaction.
func (r *region) fill(first, n int) {
	const batch = 2000
	var writers sync.WaitGroup
	value := bytes.Repeat([]byte{'v'}, 100)
	for w := range 4 {
		writers.Go(func() {
			for i := first + w*batch; i < first+n; i += 4 * batch {
				txn := r.c.Txn()
				for j := i; j < min(i+batch, first+n); j++ {
					txn.Set(fmt.Sprintf("key:%012d", j), value)
				}
				if _, err := txn.Commit(context.Background()); err != nil {
					r.b.Error(err)
				}
			}
		})
	}
	writers.Wait()
}

func (r *region) transfer() *pb.TransferStatusResponse {
	st, err := pb.NewTransferAdminClient(r.c.Conn()).TransferStatus(context.Background(), &pb.TransferStatusRequest{})
	check(r.b, err)
	return st
}

func (r *region) digest() (vector string, sum []byte) {
	d, err := r.c.Admin().Digest(context.Background(), &pb.DigestRequest{})
	check(r.b, err)
	for _, e := range d.GetShards()[0].GetVector() {
		vector += fmt.Sprint(e.GetOrigin(), ":", e.GetSeq(), " ")
	}
	return vector, d.GetShards()[0].GetDigest()
}

// cut cuts the link to the other region, or heals it.
func (r *region) cut(regions ...string) {
	_, err := r.c.Admin().CutLinks(context.Background(), pb.CutLinksRequest_builder{Regions: regions}.Build())
	check(r.b, err)
}

func until(b *testing.B, what string, ok func() bool) {
	b.Helper()
	for end := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("not in time: %s", what)
		}
	}
}

// BenchmarkTransfer moves b.N keys of 16 bytes and values of 100 to an empty node:
// go test ./bench -run xxx -bench 'Transfer$' -benchtime 1000000x
func BenchmarkTransfer(b *testing.B) {
	us := startRegion(b, config(b, "us"))
	us.fill(0, b.N)
	cfg := config(b, "eu")
	cfg.Peers = []string{us.cfg.Listen}
	b.ResetTimer()
	eu := startRegion(b, cfg)
	until(b, "eu has everything", func() bool { return eu.transfer().GetEnded() > 0 })
	b.StopTimer()
	st := eu.transfer()
	if st.GetCellsDone() != uint64(b.N) {
		b.Fatalf("%d cells of %d", st.GetCellsDone(), b.N)
	}
	b.ReportMetric(float64(b.N)/(float64(st.GetTookMs())/1000), "keys/s")
	b.ReportMetric(float64(st.GetBytesReceived())/float64(b.N), "bytes/key")
}

// BenchmarkHeal writes b.N keys of 16 bytes and values of 100, over as many that were
// there, while two regions are cut apart, and measures from healing to equal digests: by
// log, and by state when the log no longer reaches back.
// go test ./bench -run xxx -bench Heal -benchtime 100000x
func BenchmarkHeal(b *testing.B) {
	for _, by := range []string{"log", "state"} {
		b.Run(by, func(b *testing.B) {
			usCfg, euCfg := config(b, "us"), config(b, "eu")
			usCfg.Peers, euCfg.Peers = []string{euCfg.Listen}, []string{usCfg.Listen}
			if by == "state" {
				usCfg.Log.MaxBytes = 1 << 20
			}
			us, eu := startRegion(b, usCfg), startRegion(b, euCfg)
			answers := func(r *region) func() bool {
				return func() bool { _, err := r.c.Exists(context.Background(), "k"); return err == nil }
			}
			until(b, "us serves", answers(us))
			until(b, "eu serves", answers(eu))
			us.fill(0, b.N)
			same := func() bool {
				v, s := us.digest()
				w, t := eu.digest()
				return v == w && bytes.Equal(s, t)
			}
			until(b, "equal before", same)
			us.cut("eu")
			eu.cut("us")
			us.fill(b.N/2, b.N)
			time.Sleep(time.Second) // the log is bounded every quarter of a second
			b.ResetTimer()
			us.cut()
			eu.cut()
			until(b, "equal again", same)
			b.StopTimer()
			// The first round, of one key, does not outgrow a log.
			if st := eu.transfer(); b.N >= 50_000 && (st.GetEnded() > 0) != (by == "state") {
				b.Fatalf("healed by %s: %d transfers", by, st.GetEnded())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkRetention writes b.N MiB of frames into a log that is kept at 16 MiB, as a node
// does with a member away, and compares the first tenth behind 512 MiB with the last: bytes on disk, and
// the time to find the first frame.
// go test ./bench -run xxx -bench Retention -benchtime 1000x
func BenchmarkRetention(b *testing.B) {
	dir := b.TempDir()
	db, err := store.Open(store.Options{Dir: dir, Fsync: store.FsyncInterval, FsyncInterval: 10 * time.Millisecond})
	check(b, err)
	defer func() { check(b, db.Close()) }()
	log := db.Log(0)
	builder := oplog.NewBuilder(0, 7)
	body := bytes.Repeat([]byte{'b'}, 4<<10)
	var head store.Head
	write := func() {
		commit := &store.Commit{}
		for range 16 {
			binary.BigEndian.PutUint64(body, uint64(head.Seq)) // no two alike, so that nothing compresses away
			seq := builder.Add(clock.Timestamp(head.Seq+1), clock.VersionVector{}, body)
			commit.Cells = append(commit.Cells, store.Cell{Key: fmt.Appendf([]byte{store.SpaceData}, "%08d", uint64(seq)%1000), Value: body[:100]})
			head = store.Head{Origin: 7, Seq: seq, Hash: builder.Hash(), Time: clock.Timestamp(seq)}
		}
		commit.Frames, commit.Heads = []*oplog.Frame{builder.Frame()}, []store.Head{head}
		p, err := db.Apply(commit)
		check(b, err)
		check(b, p.Acked())
	}
	// Four memtables and their logs come first, whatever is truncated.
	const limit, sampled, settled = 16 << 20, 50, 512
	var disk, find []float64
	for i := range b.N {
		for range 16 {
			write()
		}
		if log.Bytes() > limit {
			check(b, log.Truncate(clock.VectorOf(clock.Entry{Origin: 7, Seq: head.Seq - limit*3/4/(4<<10)})))
		}
		if i%max(b.N/sampled, 1) == 0 && i >= settled {
			disk = append(disk, diskBytes(b, dir))
			find = append(find, findFirst(b, db, log))
		}
	}
	if len(disk) == 0 {
		return // too little to compare
	}
	tenth := max(len(disk)/10, 1)
	b.ReportMetric(mean(disk[:tenth])/(1<<20), "MiB-first")
	b.ReportMetric(mean(disk[len(disk)-tenth:])/(1<<20), "MiB-last")
	b.ReportMetric(mean(find[:tenth]), "µs/find-first")
	b.ReportMetric(mean(find[len(find)-tenth:]), "µs/find-last")
}

func mean(of []float64) (m float64) {
	for _, x := range of {
		m += x / float64(len(of))
	}
	return m
}

func diskBytes(b *testing.B, dir string) (n float64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // it was compacted away meanwhile
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		n += float64(info.Size())
		return err
	})
	check(b, err)
	return n
}

// findFirst returns the mean time to find the first frame that is left, in microseconds.
func findFirst(b *testing.B, db *store.DB, log *store.Log) float64 {
	const rounds = 50
	start, err := log.Start(7)
	check(b, err)
	begin := time.Now()
	for range rounds {
		v := db.View()
		frame, err := log.Next(v, 7, start-1)
		if err != nil || frame == nil {
			b.Fatalf("first frame: %v", err)
		}
		check(b, v.Close())
	}
	return float64(time.Since(begin).Microseconds()) / rounds
}
