package respserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server is the Redis surface of a node.
type Server struct {
	cfg     Config
	key     passwordKey
	cursors cursors
	started time.Time

	maxClients  atomic.Int64
	idleTimeout atomic.Int64 // a time.Duration
	held        atomic.Int64 // bytes

	stats    stats
	commands map[string]*commandStats // by name in the table
	slowlog  slowlog
	channels channels
	monitors monitors
	tracked  tracked
	pause    pause
	// keyEvents are published to the listeners of this node.
	keyEvents keyEvents

	draining chan struct{}

	mu     sync.Mutex
	conns  map[int64]*conn // guarded by mu; by client id
	lastID int64           // guarded by mu
	wg     sync.WaitGroup  // of connections
}

// stats count over all connections.
type stats struct {
	commands, connections, rejected, in, out atomic.Int64
}

// New returns a server; it serves when Run is called.
func New(cfg Config) *Server {
	cfg.setDefaults()
	s := &Server{cfg: cfg, key: newPasswordKey(cfg.Password), started: time.Now(), draining: make(chan struct{}), conns: map[int64]*conn{}}
	s.maxClients.Store(int64(cfg.MaxClients))
	s.commands = newCommandStats()
	s.tracked.s, s.tracked.max = s, cfg.TrackedMax
	if cfg.Changes != nil {
		cfg.Changes(s.heard)
	}
	s.slowlog.slower.Store(slowlogSlower)
	s.slowlog.kept.Store(slowlogKept)
	s.idleTimeout.Store(int64(cfg.IdleTimeout))
	return s
}

// acceptPause is how long the server waits after it could not take a connection.
const acceptPause = 50 * time.Millisecond

// Run serves the listener until ctx ends. Then it drains: connections end when their running
// commands have, or after DrainTimeout. It returns when every goroutine it started is gone, and
// closes the listener.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	running, abort := context.WithCancel(context.Background())
	defer abort()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	err := s.accept(ctx, running, listener)
	s.drain(abort)
	return err
}

func (s *Server) accept(ctx, running context.Context, listener net.Listener) error {
	for {
		c, err := listener.Accept()
		var temporary net.Error
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case err == nil:
			s.serve(running, c)
		case errors.As(err, &temporary) && temporary.Timeout(), isOutOfFiles(err):
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// serve lets a connection in, or tells it why not.
func (s *Server) serve(running context.Context, n net.Conn) {
	s.stats.connections.Add(1)
	if text, why := s.refusal(n); text != "" {
		s.stats.rejected.Add(1)
		s.report(n.RemoteAddr().String(), why, "")
		_ = n.SetWriteDeadline(time.Now().Add(time.Second)) // a new socket has room for a line
		_, _ = n.Write([]byte("-" + text + "\r\n"))         // it ends, whether it hears or not
		_ = n.Close()
		return
	}
	s.mu.Lock()
	s.lastID++
	c := newConn(s, n, s.lastID)
	s.conns[c.id] = c
	count := len(s.conns)
	s.mu.Unlock()
	s.countClients(count)
	s.wg.Go(func() {
		c.run(running)
		s.mu.Lock()
		delete(s.conns, c.id)
		count := len(s.conns)
		s.mu.Unlock()
		s.countClients(count)
	})
}

const (
	textMany      = "ERR max number of clients reached"
	textProtected = "DENIED no password is set, so only clients on the node's own host are let in; set resp.password_file, and restart the node"
)

// refusal is why a connection is not let in, or "".
func (s *Server) refusal(n net.Conn) (text string, why Ending) {
	s.mu.Lock()
	many := int64(len(s.conns)) >= s.maxClients.Load()
	s.mu.Unlock()
	address, isTCP := n.RemoteAddr().(*net.TCPAddr)
	switch {
	case many:
		return textMany, EndMany
	case !s.key.set && isTCP && !address.IP.IsLoopback():
		return textProtected, EndProtected
	default:
		return "", ""
	}
}

// drain ends the connections. What runs may go on for DrainTimeout; then abort ends it.
func (s *Server) drain(abort func()) {
	close(s.draining)
	for _, c := range s.clients() {
		c.wake()
	}
	timeout := time.AfterFunc(s.cfg.DrainTimeout, func() {
		abort()
		for _, c := range s.clients() {
			_ = c.net.Close()
		}
	})
	defer timeout.Stop()
	s.wg.Wait()
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// clients returns the connections, oldest first.
func (s *Server) clients() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for _, id := range slices.Sorted(maps.Keys(s.conns)) {
		list = append(list, s.conns[id])
	}
	return list
}

// take holds n bytes more, if they are to be had.
func (s *Server) take(n int) bool {
	if s.held.Add(int64(n)) > s.cfg.HeldBytes {
		s.held.Add(int64(-n))
		return false
	}
	return true
}

func (s *Server) give(n int) { s.held.Add(int64(-n)) }

func (s *Server) report(client string, why Ending, detail string) {
	if s.cfg.Events.Ended != nil {
		s.cfg.Events.Ended(client, why, detail)
	}
}

func (s *Server) countClients(n int) {
	if s.cfg.Events.Clients != nil {
		s.cfg.Events.Clients(n)
	}
}
