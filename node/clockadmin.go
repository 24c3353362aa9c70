package node

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server/adminserver"
)

func (n *Node) newClockAdmin() adminserver.ClockConfig {
	return adminserver.ClockConfig{
		Shard: n.shard, Owner: n.origins.owner, Stamp: n.hlc.Last,
		Accepted: func(p keyspace.Parked) {
			region, node := n.parkedOwner(p)
			n.log.Warn("parked frames applied by command; this node's clock moved up to them",
				"origin", p.Origin, "region", region, "node", node, "frames", p.Frames, "ahead", p.Ahead)
		},
	}
}

// maxParkedNamed bounds the origins that an alarm names.
const maxParkedNamed = 4

// clockAlarms tells of this node's clock, and of updates that came from the future.
func (n *Node) clockAlarms(out map[string]string) {
	if err := n.guard.refusal(); err != nil {
		out[alarmClock] = err.Error() + "; it takes no writes until the time service is repaired"
	}
	parked := n.shard.Stats().Waiting.ParkedBy
	if len(parked) == 0 {
		return
	}
	var names []string
	for _, p := range parked[:min(len(parked), maxParkedNamed)] {
		region, node := n.parkedOwner(p)
		names = append(names, fmt.Sprintf("%s/%s (origin %v) by %v", region, node, p.Origin, p.Ahead.Round(time.Second)))
	}
	if more := len(parked) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	out[alarmParked] = "updates are held back because their writers' clocks are ahead: " + strings.Join(names, ", ") + "; see: atoll clock"
}

// collectParked reports what is held back by the node that wrote it. A node may have several origins.
func (n *Node) collectParked(list []keyspace.Parked, set func(*prometheus.Desc, float64, ...string)) {
	type owner struct{ region, node string }
	bytes, ahead := map[owner]int{}, map[owner]float64{}
	for _, p := range list {
		var o owner
		o.region, o.node = n.parkedOwner(p)
		bytes[o] += p.Bytes
		ahead[o] = max(ahead[o], p.Ahead.Seconds())
	}
	for o := range bytes {
		set(descParkedB, float64(bytes[o]), o.region, o.node)
		set(descParkedS, ahead[o], o.region, o.node)
	}
}

// parkedOwner names the node that wrote what is held back: as declared in it, or as known.
func (n *Node) parkedOwner(p keyspace.Parked) (region, node string) {
	if p.Node != "" {
		return p.Region, p.Node
	}
	return n.origins.owner(p.Origin)
}
