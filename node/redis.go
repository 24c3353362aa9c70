package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/respserver"
)

// RESPConfig says how clients of Redis reach the node.
type RESPConfig struct {
	// Listen is the address for clients of Redis, host:port; empty is off.
	Listen string
	// PasswordFile holds the password of these clients; without one only those on this host are let in.
	PasswordFile string
	// IdleTimeout ends a connection that sends nothing for so long; 0 is never.
	IdleTimeout time.Duration
}

const (
	passwordBytesMax = 512
	hardMaxIdle      = 365 * 24 * time.Hour
	// respLogEvery bounds the lines about clients that were turned away.
	respLogEvery = 10 * time.Second
)

// loadPassword reads a password from a file that others cannot read; a newline at its end does not
// belong to it. Errors never contain the password.
func loadPassword(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s is readable by others (%04o); chmod 600", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, passwordBytesMax+2))
	if err != nil {
		return "", err
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	switch {
	case len(data) == 0:
		return "", fmt.Errorf("%s is empty; need a password", path)
	case len(data) > passwordBytesMax:
		return "", fmt.Errorf("%s holds more than %d bytes", path, passwordBytesMax)
	case bytes.ContainsAny(data, "\r\n\x00"):
		return "", fmt.Errorf("%s holds more than one line", path)
	}
	return string(data), nil
}

func (c *Config) validateRESP(ps *problems) {
	if c.RESP.PasswordFile != "" {
		if _, err := loadPassword(c.RESP.PasswordFile); err != nil {
			ps.add("resp.password_file: %v", err)
		}
	}
	if c.RESP.IdleTimeout < 0 || c.RESP.IdleTimeout > hardMaxIdle {
		ps.add("resp.idle_timeout: %v; need 0 to %v", c.RESP.IdleTimeout, hardMaxIdle)
	}
}

// openRESP takes the address for clients of Redis.
func (n *Node) openRESP() (err error) {
	if n.cfg.RESP.Listen == "" {
		return nil
	}
	var password string
	if n.cfg.RESP.PasswordFile != "" {
		if password, err = loadPassword(n.cfg.RESP.PasswordFile); err != nil {
			return &ConfigError{Problems: []string{"resp.password_file: " + err.Error()}}
		}
	}
	if n.respListener, err = net.Listen("tcp", n.cfg.RESP.Listen); err != nil {
		return fmt.Errorf("resp.listen: %w", err)
	}
	n.resp = respserver.New(respserver.Config{
		Changes: n.shard.Listen, NoteEvents: n.shard.NoteEvents, NoteWriters: n.shard.NoteWriters, Publish: n.channels.Publish,
		Dispatcher: n.dispatcher, Wall: n.opts.Wall, Password: password, Version: n.opts.Version,
		MemoryBytes: n.budget.limit, About: n.aboutRESP, MaxClients: n.files.connections,
		IdleTimeout: n.cfg.RESP.IdleTimeout, DrainTimeout: n.cfg.DrainTimeout * 3 / 5,
		HeldBytes: n.budget.intake, OutputBytes: int(n.budget.stream), Events: n.respEvents(),
		Written: n.writtenDot, Regions: n.regionsHolding, Lag: n.respLag,
	})
	return nil
}

// runRESP serves clients of Redis until ctx ends.
func (n *Node) runRESP(ctx context.Context) error { return n.resp.Run(ctx, n.respListener) }

// writtenDot names this node's last acknowledged update; its seq is 0 where there is none.
func (n *Node) writtenDot() clock.Dot {
	s := n.shard.Stats()
	return clock.Dot{Origin: s.Origin, Seq: s.Applied.Get(s.Origin)}
}

// regionsHolding tells how many other regions hold an update of this node durably.
func (n *Node) regionsHolding(d clock.Dot) int { return len(n.replicator.AckedRegions(shardID, d)) }

// respLag is what ATOLL.LAG tells of the peers.
func (n *Node) respLag() []respserver.PeerLag {
	peers := n.replicator.Status()
	out := make([]respserver.PeerLag, len(peers))
	for i, p := range peers {
		_, name, _ := strings.Cut(p.Node, "/")
		out[i] = respserver.PeerLag{
			Region: p.Region, Node: name, State: string(p.State), BehindUpdates: p.BehindUpdates, Behind: p.Behind, AheadUpdates: p.AheadUpdates, RTT: p.RTT,
		}
	}
	return out
}

// aboutRESP is what INFO tells of the node.
func (n *Node) aboutRESP() []respserver.Field {
	peers := n.replicator.Status()
	connected := 0
	for _, p := range peers {
		if p.State == replication.StateConnected {
			connected++
		}
	}
	return []respserver.Field{
		{Name: "cluster", Value: n.cfg.Cluster},
		{Name: "region", Value: n.cfg.Region},
		{Name: "node", Value: n.cfg.Node},
		{Name: "state", Value: n.state()},
		{Name: "fsync", Value: n.cfg.Fsync},
		{Name: "updates_applied", Value: strconv.FormatUint(n.shard.Stats().Applied.Total(), 10)},
		{Name: "peers", Value: strconv.Itoa(len(peers))},
		{Name: "peers_connected", Value: strconv.Itoa(connected)},
		{Name: "tail_updates", Value: strconv.FormatUint(n.tail(), 10)},
		{Name: "channel_messages_dropped", Value: strconv.FormatInt(n.channels.Dropped(), 10)},
		{Name: "alarms", Value: strconv.Itoa(len(n.alarms.get()))},
	}
}

// respCounters count what happens to clients of Redis.
type respCounters struct {
	clients prometheus.Gauge
	ended   *prometheus.CounterVec
}

func newRESPCounters(r *prometheus.Registry) respCounters {
	c := respCounters{
		clients: prometheus.NewGauge(prometheus.GaugeOpts{Name: "atoll_resp_clients", Help: "Connections of clients of Redis."}),
		ended:   counters("resp_ended_total", "Connections of clients of Redis that the node ended, by reason.", "reason"),
	}
	r.MustRegister(c.clients, c.ended)
	return c
}

func (n *Node) respEvents() respserver.Events {
	var loggedAt atomic.Int64
	loggedAt.Store(-int64(respLogEvery))
	return respserver.Events{
		Panic: func(command string, value any, stack []byte) {
			n.metrics.panics.Inc()
			n.log.Error("request panicked", "method", "resp/"+command, "panic", value, "stack", string(stack))
		},
		Request: func(command string, took time.Duration, err *server.Error) {
			n.metrics.request("resp/", command, took, err)
		},
		Clients: func(count int) { n.metrics.resp.clients.Set(float64(count)) },
		Ended: func(client string, why respserver.Ending, detail string) {
			n.metrics.resp.ended.WithLabelValues(string(why)).Inc()
			level := slog.LevelDebug
			_, now := n.opts.Wall.Read()
			last := loggedAt.Load()
			if worthALine(why) && int64(now)-last >= int64(respLogEvery) && loggedAt.CompareAndSwap(last, int64(now)) {
				level = slog.LevelWarn
			}
			n.log.Log(context.Background(), level, "client of Redis turned away", "client", client, "reason", string(why), "detail", detail)
		},
	}
}

// worthALine tells endings that an operator wants to know from those that happen every day.
func worthALine(why respserver.Ending) bool {
	switch why {
	case respserver.EndForeign, respserver.EndOutput, respserver.EndProtected, respserver.EndMany:
		return true
	default:
		return false
	}
}
