package main

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
)

// echo answers at once: what gRPC itself can do with these messages.
type echo struct{ pb.UnimplementedKVServer }

func (echo) Ping(context.Context, *pb.PingRequest) (*pb.PingResponse, error) {
	return &pb.PingResponse{}, nil
}

func (echo) Set(context.Context, *pb.SetRequest) (*pb.SetResponse, error) {
	return &pb.SetResponse{}, nil
}

func (echo) Stream(s grpc.BidiStreamingServer[pb.StreamRequest, pb.StreamResponse]) error {
	done := pb.Result_builder{Set: &pb.SetResponse{}}.Build()
	for {
		m, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(pb.StreamResponse_builder{Id: m.GetId(), Result: done}.Build()); err != nil {
			return err
		}
	}
}

// serve starts an Atoll front on a real shard, and an echo, and returns their addresses.
func serve(b *testing.B) (atoll, echoAt string) {
	b.Helper()
	front := grpcserver.New(grpcserver.Config{
		Dispatcher: server.New(server.Config{Shard: open(b)}),
		Identity:   grpcserver.Identity{Cluster: "bench", Region: "us", Node: "n1"}, DrainTimeout: time.Second,
	})
	a, e := listen(b), listen(b)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- front.Run(ctx, a) }()
	srv := grpc.NewServer()
	pb.RegisterKVServer(srv, echo{})
	go func() { _ = srv.Serve(e) }()
	b.Cleanup(func() {
		srv.Stop()
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return a.Addr().String(), e.Addr().String()
}

func listen(b *testing.B) net.Listener {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// rate runs op from many goroutines for a while and returns operations a second.
func rate(b *testing.B, workers int, op func() error) float64 {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for time.Since(start) < 700*time.Millisecond {
				if err := op(); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}

// compare runs both in turn, five rounds, and reports the medians and their ratio.
func compare(b *testing.B, workers int, put, echo func() error) {
	b.Helper()
	var puts, echoes, ratios []float64
	for range 5 {
		p, e := rate(b, workers, put), rate(b, workers, echo)
		puts, echoes, ratios = append(puts, p), append(echoes, e), append(ratios, p/e)
	}
	b.ReportMetric(median(puts), "put/s")
	b.ReportMetric(median(echoes), "echo/s")
	b.ReportMetric(median(ratios), "ratio")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// BenchmarkUnary is the first half of goal P7: gRPC unary put against unary echo of the
// same payload, fsync always.
func BenchmarkUnary(b *testing.B) {
	atoll, echoAt := serve(b)
	unary := func(addr string) func() error {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		kv := pb.NewKVClient(conn)
		value := make([]byte, 256)
		return func() error {
			_, err := kv.Set(context.Background(), pb.SetRequest_builder{Key: key(100_000), Value: value}.Build())
			return err
		}
	}
	compare(b, 64, unary(atoll), unary(echoAt))
}

// BenchmarkStreamed is the second half: the same over the SDK's multiplexed stream.
func BenchmarkStreamed(b *testing.B) {
	atoll, echoAt := serve(b)
	streamed := func(addr string) func() error {
		c, err := client.Dial(context.Background(), addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		value := make([]byte, 256)
		return func() error { return c.Register(string(key(100_000))).Set(context.Background(), value) }
	}
	compare(b, 256, streamed(atoll), streamed(echoAt))
}
