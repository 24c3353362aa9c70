package node

import "github.com/prometheus/client_golang/prometheus"

var (
	descOnceNotes   = desc("operation_notes", "Operations with ids that are noted: first attempts of this run, and retries that some member is not known to have.", "kind")
	descOnceWaiting = desc("operation_duties", "Increments that are to be void and are not yet.")
	descOnceVoid    = desc("increments_void_total", "Increments that this node has made void: their operation was carried out before.")
)

// onceGauges reads what is noted of operations with ids when it is scraped.
type onceGauges struct{ n *Node }

// Describe implements prometheus.Collector.
func (g onceGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descOnceNotes, descOnceWaiting, descOnceVoid} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g onceGauges) Collect(ch chan<- prometheus.Metric) {
	s := g.n.shard.Stats().Once
	ch <- prometheus.MustNewConstMetric(descOnceNotes, prometheus.GaugeValue, float64(s.First), "first")
	ch <- prometheus.MustNewConstMetric(descOnceNotes, prometheus.GaugeValue, float64(s.Retries), "retry")
	ch <- prometheus.MustNewConstMetric(descOnceWaiting, prometheus.GaugeValue, float64(s.Duties))
	ch <- prometheus.MustNewConstMetric(descOnceVoid, prometheus.CounterValue, float64(s.Annulled))
}
