package node

import "github.com/prometheus/client_golang/prometheus"

// transferCounters counts what happens with the transfer of state.
type transferCounters struct{ refused, sent prometheus.Counter }

func newTransferCounters(r *prometheus.Registry) transferCounters {
	c := transferCounters{
		refused: counter("transfers_refused_total", "Times a donor's state must not be merged: damage, another history, or the future."),
		sent:    counter("transfer_sent_bytes_total", "Bytes of state sent to peers."),
	}
	r.MustRegister(c.refused, c.sent)
	return c
}

var (
	descLoading   = desc("loading", "1 while the node is new and answers no client.")
	descTransfer  = desc("transfer_running", "1 while state is taken over from a peer.")
	descTransferD = desc("transfer_done_ratio", "Part of the keyspace that the present or last transfer has merged.")
	descTransferC = desc("transfer_cells", "Cells that the present or last transfer has merged.")
	descTransferR = desc("transfer_cells_per_second", "Cells merged a second, over the last seconds.")
	descTransferL = desc("transfer_left_seconds", "How long the transfer will take; 0 while unknown.")
	descTransfers = desc("transfers_total", "Transfers, by how they ended.", "end")
	descServed    = desc("transfers_served", "Peers that fetch state from this node now.")
)

// transferGauges reads the state of the transfer when it is scraped.
type transferGauges struct{ n *Node }

// Describe implements prometheus.Collector.
func (g transferGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descLoading, descTransfer, descTransferD, descTransferC, descTransferR, descTransferL, descTransfers, descServed,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g transferGauges) Collect(ch chan<- prometheus.Metric) {
	st := g.n.fetcher.Status()
	for d, v := range map[*prometheus.Desc]float64{
		descLoading: truth(st.Loading), descTransfer: truth(st.Running), descTransferD: st.Done, descTransferC: float64(st.Cells),
		descTransferR: st.CellsPerSecond, descTransferL: st.Left.Seconds(), descServed: float64(len(g.n.donor.Serving())),
	} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	for end, n := range map[string]uint64{"done": st.Ended, "failed": st.Failed} {
		ch <- prometheus.MustNewConstMetric(descTransfers, prometheus.CounterValue, float64(n), end)
	}
}
