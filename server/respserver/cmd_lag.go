package respserver

import "time"

// PeerLag is how far a peer and this node are apart.
type PeerLag struct {
	Region, Node, State string
	// BehindUpdates is how many updates of the peer this node lacks, and Behind their age; AheadUpdates
	// how many of this node the peer has not acknowledged.
	BehindUpdates, AheadUpdates uint64
	Behind, RTT                 time.Duration
}

var rowLag = row{
	name: "atoll.lag", arity: 1, flags: "loading stale",
	group: "server", since: "7.0.0", complexity: "O(N) for N peers", syntax: "ATOLL.LAG",
	summary: "Tells how far this node and each peer are apart.",
	differs: "Not in Redis. Each is a map of region, node, state, behind-updates and behind-ms (what this node lacks), ahead-updates (what the peer has not acknowledged), rtt-us.",
	run: func(c *conn, _ [][]byte) error {
		var peers []PeerLag
		if c.s.cfg.Lag != nil {
			peers = c.s.cfg.Lag()
		}
		c.out.Array(len(peers))
		for _, p := range peers {
			c.out.Map(7)
			for _, f := range []struct{ name, value string }{{"region", p.Region}, {"node", p.Node}, {"state", p.State}} {
				c.out.Text(f.name)
				c.out.Text(f.value)
			}
			for _, f := range []struct {
				name  string
				value int64
			}{
				{"behind-updates", int64(p.BehindUpdates)}, {"behind-ms", p.Behind.Milliseconds()},
				{"ahead-updates", int64(p.AheadUpdates)}, {"rtt-us", p.RTT.Microseconds()},
			} {
				c.out.Text(f.name)
				c.out.Int(f.value)
			}
		}
		return nil
	},
}
