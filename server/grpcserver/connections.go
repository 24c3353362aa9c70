package grpcserver

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

const (
	// SparesMax is how many connections are let in beyond the bound: for peers and operators,
	// who come by the same address and are only known by what they ask for.
	SparesMax = 48
	// spareTime is how long a spare connection may ask for nothing.
	spareTime = 10 * time.Second
	// refusedTime is how long a client on a spare connection has to hear that it is refused.
	refusedTime = time.Second
	// operatorKey is the header of calls that are an operator's. It gives no rights.
	operatorKey = "atoll-operator"
)

// entrance is a listener that bounds connections. Those beyond the bound are spare: a client is
// refused on them, and has to go. Beyond those it closes what comes.
type entrance struct {
	net.Listener
	limit  int
	closed func() // is called for each that it closes

	mu               sync.Mutex
	ordinary, spares int // guarded by mu
}

// Accept implements net.Listener.
func (e *entrance) Accept() (net.Conn, error) {
	for {
		c, err := e.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if in := e.admit(c); in != nil {
			return in, nil
		}
		e.closed()
		_ = c.Close() // nothing was said
	}
}

// admit counts a connection; nil is one too many.
func (e *entrance) admit(c net.Conn) net.Conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := &admitted{Conn: c}
	count := &e.ordinary
	switch {
	case e.ordinary < e.limit:
	case e.spares < SparesMax:
		count = &e.spares
		in.leave = time.AfterFunc(spareTime, func() { _ = c.Close() }) // its reader notices
	default:
		return nil
	}
	*count++
	in.gone = sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		*count--
	})
	return in
}

// admitted is a connection that is counted until it is closed.
type admitted struct {
	net.Conn
	gone  func()
	leave *time.Timer // closes a spare one; nil for others
}

// Close implements net.Conn.
func (a *admitted) Close() error {
	a.gone()
	if a.leave != nil {
		a.leave.Stop()
	}
	return a.Conn.Close()
}

// RemoteAddr implements net.Conn. It is what a call sees of its connection.
func (a *admitted) RemoteAddr() net.Addr {
	if a.leave == nil {
		return a.Conn.RemoteAddr()
	}
	return spareAddr{a.Conn.RemoteAddr(), a.leave}
}

type spareAddr struct {
	net.Addr
	leave *time.Timer
}

var clientMethods = "/" + pb.KV_ServiceDesc.ServiceName + "/"

// mayCall refuses clients on a spare connection, and lets everybody else stay on it.
func (s *Server) mayCall(ctx context.Context, method string) error {
	p, _ := peer.FromContext(ctx)
	spare, ok := p.Addr.(spareAddr)
	if !ok {
		return nil
	}
	if strings.HasPrefix(method, clientMethods) && len(metadata.ValueFromIncomingContext(ctx, operatorKey)) == 0 {
		spare.leave.Reset(refusedTime)
		return s.tooMany()
	}
	spare.leave.Stop()
	return nil
}

func (s *Server) tooMany() *server.Error {
	return server.Errorf(server.CodeConnections, "%d connections are open, and this node has no room for more", s.cfg.Connections)
}

// enter bounds the connections of a listener.
func (s *Server) enter(l net.Listener) net.Listener {
	return &entrance{Listener: l, limit: s.cfg.Connections, closed: func() { s.report("connect", time.Now(), s.tooMany()) }}
}
