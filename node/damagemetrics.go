package node

import "github.com/prometheus/client_golang/prometheus"

// damageCounters counts damage on disk.
type damageCounters struct{ found, scrubs prometheus.Counter }

func newDamageCounters(r *prometheus.Registry) damageCounters {
	c := damageCounters{
		found:  counter("damage_found_total", "Damaged ranges of data found on disk."),
		scrubs: counter("scrubs_total", "Scrubs that read all data on disk."),
	}
	r.MustRegister(c.found, c.scrubs)
	return c
}

var (
	descDamaged   = desc("damaged_ranges", "Damaged ranges of data that are not healed: nothing of them is served.")
	descHealed    = desc("healed_total", "Damaged ranges that were healed.")
	descDamagedF  = desc("waiting_damaged_frames", "Frames that wait until what they change is healed.")
	descScrubLast = desc("scrub_last_seconds", "When the last scrub of this run ended, Unix time; 0 is never.")
)

// damageGauges reads the state of damage when it is scraped.
type damageGauges struct{ n *Node }

// Describe implements prometheus.Collector.
func (g damageGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descDamaged, descHealed, descDamagedF, descScrubLast} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g damageGauges) Collect(ch chan<- prometheus.Metric) {
	healed, open := g.n.healer.status()
	for d, v := range map[*prometheus.Desc]float64{
		descDamaged: float64(len(open)), descDamagedF: float64(g.n.shard.Stats().Waiting.Damaged), descScrubLast: g.n.scrubber.lastEnd(),
	} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	ch <- prometheus.MustNewConstMetric(descHealed, prometheus.CounterValue, float64(healed))
}
