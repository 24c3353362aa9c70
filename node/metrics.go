package node

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
)

// metrics is everything a node counts. Labels name regions, nodes, methods and codes; never keys,
// values or client addresses.
type metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	latency   *prometheus.HistogramVec
	methods   methods
	commits   prometheus.Counter
	records   prometheus.Counter
	cells     prometheus.Counter
	refused   *prometheus.CounterVec
	streams   *prometheus.CounterVec
	gossip    *prometheus.CounterVec
	truncated prometheus.Counter
	panics    prometheus.Counter
	stalls    prometheus.Counter
	slowDisk  prometheus.Counter
	expired   prometheus.Counter

	verifies       *prometheus.CounterVec
	verifyRepaired prometheus.Counter

	background prometheus.Counter
	backups    *prometheus.CounterVec
	backupTime prometheus.Gauge

	resp     respCounters
	transfer transferCounters
	damage   damageCounters
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "atoll_" + name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "atoll_" + name, Help: help}, labels)
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("requests_total", "Requests and stream operations finished, by method and code.", "method", "code"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "atoll_request_seconds", Help: "Time to answer a request.",
			Buckets: prometheus.ExponentialBuckets(50e-6, 2, 18),
		}, []string{"method"}),
		commits:   counter("commits_total", "Batches committed."),
		records:   counter("records_total", "Updates committed, own and merged."),
		cells:     counter("cells_written_total", "Cells written."),
		refused:   counters("frames_refused_total", "Frames never merged, by reason.", "reason"),
		streams:   counters("stream_events_total", "Replication streams that connected, ended or failed.", "event"),
		gossip:    counters("gossip_events_total", "Members that changed state, conflicts and refusals.", "event"),
		truncated: counter("log_truncated_bytes_total", "Bytes of op log forgotten since every member holds them."),
		panics:    counter("panics_total", "Requests that panicked."),
		stalls:    counter("store_stalls_total", "Times the store held writes back."),
		slowDisk:  counter("store_slow_disk_total", "Disk operations that took long."),

		expired:        counter("expired_keys_total", "Keys deleted here since they had ended."),
		verifies:       counters("verify_runs_total", "Verifications, by result.", "result"),
		verifyRepaired: counter("verify_repaired_cells_total", "Cells that verifications have healed from peers."),
		background:     counter("store_background_errors_total", "Flushes and compactions that failed and are tried again."),
		backups:        counters("backups_total", "Backups made and failed.", "result"),
		backupTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "atoll_backup_last_seconds", Help: "When the last backup of this run was begun, Unix time; 0 is never.",
		}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.latency, m.commits, m.records, m.cells, m.refused, m.streams, m.gossip,
		m.truncated, m.panics, m.stalls, m.slowDisk, m.verifies, m.verifyRepaired,
	)
	m.registry.MustRegister(m.background, m.backups, m.backupTime, m.expired)
	m.resp = newRESPCounters(m.registry)
	m.transfer = newTransferCounters(m.registry)
	m.damage = newDamageCounters(m.registry)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// methodMetrics are those that every request of a method needs: to find them by their labels costs
// more than to count.
type methodMetrics struct {
	done    prometheus.Counter
	latency prometheus.Observer
}

// request counts a finished request. Methods and codes come from our own tables: they are bounded.
func (m *metrics) request(door, method string, took time.Duration, err *server.Error) {
	of := m.method(door, method)
	of.latency.Observe(took.Seconds())
	if err != nil {
		m.requests.WithLabelValues(door+method, string(err.Code)).Inc()
		return
	}
	of.done.Inc()
}

func (m *metrics) method(door, method string) *methodMetrics {
	at := doorMethod{door, method}
	m.methods.mu.RLock()
	of := m.methods.by[at]
	m.methods.mu.RUnlock()
	if of != nil {
		return of
	}
	m.methods.mu.Lock()
	defer m.methods.mu.Unlock()
	if m.methods.by == nil {
		m.methods.by = map[doorMethod]*methodMetrics{}
	}
	of = &methodMetrics{m.requests.WithLabelValues(door+method, "OK"), m.latency.WithLabelValues(door + method)}
	m.methods.by[at] = of
	return of
}

type doorMethod struct{ door, method string }

type methods struct {
	mu sync.RWMutex
	by map[doorMethod]*methodMetrics // guarded by mu
}

// gauges reads the state of the node when it is scraped.
type gauges struct{ n *Node }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("atoll_"+name, help, labels, nil)
}

var (
	descInfo      = desc("build_info", "Always 1.", "version", "cluster", "region", "node")
	descReady     = desc("ready", "1 when the node wants traffic.")
	descConflicts = desc("conflicts_total", "Concurrent values that merges have left unshown.")
	descLog       = desc("log_bytes", "Size of the op log.")
	descWaiting   = desc("waiting_frames", "Frames that wait for what they depend on.")
	descWaitingB  = desc("waiting_bytes", "Bytes of frames that wait for what they depend on.")
	descParked    = desc("parked_frames", "Frames whose stamp is too far in the future.")
	descParkedB   = desc("parked_bytes", "Bytes of frames whose stamp is too far in the future.", "origin_region", "origin_node")
	descParkedS   = desc("parked_ahead_seconds", "How far they are ahead of this clock.", "origin_region", "origin_node")
	descUpdates   = desc("updates_applied", "Updates in the version vector.")
	descVerdict   = desc("clock_verdict", "0 good, 1 alarm, 2 bad: no writes.")
	descSkew      = desc("clock_skew_seconds", "This clock minus the median of all.")
	descMembers   = desc("members", "Members by what gossip believes.", "gossip")
	peerLabels    = []string{"peer_region", "peer_node"}
	descPeerUp    = desc("peer_connected", "1 when the stream from the peer is up.", peerLabels...)
	descBehind    = desc("peer_behind_updates", "Updates the peer has and this node lacks.", peerLabels...)
	descBehindS   = desc("peer_behind_seconds", "Age of what this node lacks of the peer.", peerLabels...)
	descAhead     = desc("peer_ahead_updates", "Updates of this node that the peer has not acknowledged: lost with this node.", peerLabels...)
	descRTT       = desc("peer_rtt_seconds", "Round-trip time.", peerLabels...)
	descPeerSkew  = desc("peer_skew_seconds", "Clock of the peer minus this clock.", peerLabels...)
	descReceived  = desc("peer_received_bytes_total", "Bytes of frames received from the peer on its present stream.", peerLabels...)
	descAlarm     = desc("alarm", "1 while the alarm is on.", "alarm")
	descDiskFree  = desc("disk_free_bytes", "Space on the data directory's disk at the last look.")
	descDiskSize  = desc("disk_bytes", "Size of the data directory's disk.")
	descMemLimit  = desc("memory_limit_bytes", "memory.limit_bytes, or what was chosen for it.")
	descMemLive   = desc("memory_live_percent", "Part of the heap's limit that lives.")
	descMissing   = desc("peer_missing_total", "Times the peer's op log no longer held what was due.", peerLabels...)
)

// Describe implements prometheus.Collector.
func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descInfo, descReady, descConflicts, descLog, descWaiting, descWaitingB, descParked, descParkedB, descParkedS, descUpdates, descVerdict, descSkew, descMembers,
		descPeerUp, descBehind, descBehindS, descAhead, descRTT, descPeerSkew, descReceived, descMissing, descAlarm, descDiskFree, descDiskSize, descMemLimit, descMemLive,
		descVerifyDiffer, descVerifySkipped, descVerifyAge,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	cfg := &g.n.cfg
	set(descInfo, 1, g.n.opts.Version, cfg.Cluster, cfg.Region, cfg.Node)
	set(descReady, truth(g.n.ready() == nil))
	set(descLog, float64(g.n.db.Log(shardID).Bytes()))
	ch <- prometheus.MustNewConstMetric(descConflicts, prometheus.CounterValue, float64(g.n.shard.Conflicts()))
	stats := g.n.shard.Stats()
	set(descWaiting, float64(stats.Waiting.Frames))
	set(descWaitingB, float64(stats.Waiting.Bytes))
	set(descParked, float64(stats.Waiting.Parked))
	g.n.collectParked(stats.Waiting.ParkedBy, set)
	set(descUpdates, float64(stats.Applied.Total()))
	g.n.collectVerify(set)
	verdict, skew := g.n.guard.now()
	set(descVerdict, float64(verdict))
	set(descSkew, skew.Seconds())
	count := map[string]int{}
	for _, m := range g.n.roster.all() {
		count[m.State.String()]++
	}
	for state, n := range count {
		set(descMembers, float64(n), state)
	}
	usage := g.n.disk.usage()
	set(descDiskFree, float64(usage.Free))
	set(descDiskSize, float64(usage.Total))
	set(descMemLimit, float64(g.n.budget.limit))
	set(descMemLive, float64(g.n.memory.percent.Load()))
	alarms := g.n.alarms.get()
	for _, name := range alarmNames {
		_, on := alarms[name]
		set(descAlarm, truth(on), name)
	}
	seen := map[string]bool{}
	for _, p := range g.n.replicator.Status() {
		// A peer that was never heard of has no name yet; two of them would be one series.
		if p.Node != "" && !seen[p.Node] {
			seen[p.Node] = true
			collectPeer(ch, set, p)
		}
	}
}

func collectPeer(ch chan<- prometheus.Metric, set func(*prometheus.Desc, float64, ...string), p replication.PeerStatus) {
	labels := []string{p.Region, p.Node}
	set(descPeerUp, truth(p.State == replication.StateConnected), labels...)
	set(descBehind, float64(p.BehindUpdates), labels...)
	set(descBehindS, p.Behind.Seconds(), labels...)
	set(descAhead, float64(p.AheadUpdates), labels...)
	set(descRTT, p.RTT.Seconds(), labels...)
	set(descPeerSkew, p.Skew.Seconds(), labels...)
	for d, v := range map[*prometheus.Desc]uint64{descReceived: p.BytesReceived, descMissing: p.Missing} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
