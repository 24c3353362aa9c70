package grpcserver_test

import (
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server/grpcserver"
)

// TestPeersAndOperatorsFindRoom: beyond the bound clients are told why they are refused, and have to
// go; whoever else comes is served; when a client leaves there is room again.
func TestPeersAndOperatorsFindRoom(t *testing.T) {
	const bound = 2
	s := clienttest.NewServer(t, clienttest.WithSurface(func(c *grpcserver.Config) { c.Connections = bound }))
	ping := func(conn *grpc.ClientConn) error {
		_, err := pb.NewKVClient(conn).Ping(t.Context(), &pb.PingRequest{})
		return err
	}
	open := func() *grpc.ClientConn {
		conn, err := grpc.NewClient(s.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		check(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	var clients []*grpc.ClientConn
	for range bound {
		clients = append(clients, open())
		check(t, ping(clients[len(clients)-1]))
	}
	for range grpcserver.SparesMax + 10 { // they go: else there would be no room for so many
		late := open()
		if err := ping(late); status.Code(err) != codes.ResourceExhausted {
			t.Fatalf("one client more: %v", err)
		}
		stream, err := pb.NewKVClient(late).Stream(t.Context())
		check(t, err)
		if _, err := stream.Recv(); status.Code(err) != codes.ResourceExhausted {
			t.Fatalf("its stream: %v", err)
		}
		check(t, late.Close())
	}
	operator := open()
	_, err := healthpb.NewHealthClient(operator).Check(t.Context(), &healthpb.HealthCheckRequest{})
	check(t, err)
	tool := s.Dial(t, client.ForOperators())
	_, err = tool.Counter("n").Incr(t.Context(), 1)
	check(t, err)
	check(t, clients[0].Close())
	for err = ping(open()); err != nil; err = ping(open()) {
		if status.Code(err) != codes.ResourceExhausted {
			t.Fatal(err) // the server has not noticed yet
		}
	}
}

// TestConnectionsBeyondTheSparesAreClosed: who holds connections and asks for nothing.
func TestConnectionsBeyondTheSparesAreClosed(t *testing.T) {
	s := clienttest.NewServer(t, clienttest.WithSurface(func(c *grpcserver.Config) { c.Connections = 1 }))
	for range 1 + grpcserver.SparesMax {
		c, err := net.Dial("tcp", s.Addr)
		check(t, err)
		defer c.Close()
	}
	c, err := net.Dial("tcp", s.Addr)
	check(t, err)
	defer c.Close()
	if n, err := io.Copy(io.Discard, c); err == nil && n > 0 {
		t.Errorf("one connection too many was told %d bytes", n)
	}
}
