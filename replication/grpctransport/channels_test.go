package grpctransport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/replication"
)

var eu = replication.Identity{Cluster: "c", Node: "eu/n1", Region: "eu"}

// startChannels serves channels of a node of cluster c; none serves nothing, as an earlier version does.
func startChannels(t *testing.T, none bool) (*Channels, string) {
	t.Helper()
	c := NewChannels(replication.Identity{Cluster: "c", Node: "us/n1", Region: "us"},
		func(node string) error {
			if node == "removed/n1" {
				return replication.ErrRemoved
			}
			return nil
		}, func(string) bool { return false })
	s := grpc.NewServer(ServerOptions()...)
	if !none {
		c.Register(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return c, l.Addr().String()
}

func (c *Channels) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.listeners)
}

func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20s: %s", what)
		}
	}
}

func TestWhoMayNotListen(t *testing.T) {
	_, address := startChannels(t, false)
	_, old := startChannels(t, true)
	for name, c := range map[string]struct {
		address string
		self    replication.Identity
	}{
		"another cluster":             {address, replication.Identity{Cluster: "d", Node: "eu/n1"}},
		"a removed node":              {address, replication.Identity{Cluster: "c", Node: "removed/n1"}},
		"a peer that knows no method": {old, eu},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			err := New(nil).Listen(ctx, c.address, c.self, func(_, _ []byte) {})
			if !errors.Is(err, replication.ErrRefused) {
				t.Errorf("%v, want a refusal", err)
			}
		})
	}
}

// TestASlowPeerLosesMessages: nobody waits for it, what it loses is counted, and what it gets is in order.
func TestASlowPeerLosesMessages(t *testing.T) {
	c, address := startChannels(t, false)
	ctx, stop := context.WithCancel(t.Context())
	open, heard, ended := make(chan struct{}), make(chan byte, 1000), make(chan error, 1)
	go func() {
		ended <- New(nil).Listen(ctx, address, eu, func(_, message []byte) {
			<-open
			heard <- message[0]
		})
	}()
	wait(t, "the peer listens", func() bool { return c.count() == 1 })
	const sent = 100
	for i := range sent { // far more than the queue and the windows hold
		c.Publish([]byte("news"), append([]byte{byte(i)}, make([]byte, 1<<20)...))
	}
	lost := int(c.Dropped())
	if lost == 0 || lost == sent {
		t.Errorf("%d of %d messages are dropped", lost, sent)
	}
	close(open)
	var got []byte
	for range sent - lost {
		select {
		case m := <-heard:
			got = append(got, m)
		case <-time.After(time.Minute):
			t.Fatalf("%d messages arrive, %d of %d were dropped", len(got), lost, sent)
		}
	}
	for i := range got[1:] {
		if got[i] >= got[i+1] {
			t.Fatalf("out of order: %v", got)
		}
	}
	c.Publish([]byte("news"), bytes.Repeat([]byte("x"), queuedBytes))
	if int(c.Dropped()) != lost+1 {
		t.Error("a message above the bound is not dropped")
	}
	stop()
	<-ended
	wait(t, "the peer is forgotten", func() bool { return c.count() == 0 })
}

// TestANodeListensOnce: its second stream ends the first.
func TestANodeListensOnce(t *testing.T) {
	c, address := startChannels(t, false)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	heard := make(chan int, 10)
	listen := func(i int) {
		ended <- New(nil).Listen(ctx, address, eu, func(_, _ []byte) { heard <- i })
	}
	go listen(1)
	wait(t, "the peer listens", func() bool { return c.count() == 1 })
	go listen(2)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the first stream goes on")
	}
	c.Publish([]byte("news"), []byte("hi"))
	if i := <-heard; i != 2 || len(heard) > 0 {
		t.Errorf("stream %d hears it, %d more", i, len(heard))
	}
	stop()
	<-ended
}
