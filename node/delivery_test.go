package node

import (
	"slices"
	"testing"
)

// delivery is an order in which three regions that wrote apart hear each other.
type delivery struct {
	region  int
	relayed bool // the other two never hear each other, but through this region; otherwise it hears them last
}

// deliveries are all of them; with -short, where the race detector looks at the same goroutines in each, one of both
// kinds.
func deliveries() (list []delivery) {
	for i := range 3 {
		list = append(list, delivery{region: i}, delivery{region: i, relayed: true})
	}
	if testing.Short() {
		return list[1:3]
	}
	return list
}

func (d delivery) String() string {
	region := []string{"us", "eu", "ap"}[d.region]
	if d.relayed {
		return region + " between the others"
	}
	return region + " last"
}

// cutAll lets no region hear another.
func cutAll(nodes []*running) {
	for i, n := range nodes {
		n.cuts.Set([]string{nodes[(i+1)%3].cfg.Region, nodes[(i+2)%3].cfg.Region}, nil)
	}
}

// join lets all regions hear each other.
func join(nodes []*running) {
	for _, n := range nodes {
		n.cuts.Set(nil, nil)
	}
}

// heal delivers what was written apart, until all three are equal.
func (d delivery) heal(t *testing.T, nodes []*running) {
	t.Helper()
	one := nodes[d.region]
	others := slices.Delete(slices.Clone(nodes), d.region, d.region+1)
	if d.relayed {
		one.cuts.Set(nil, nil)
		others[0].cuts.Set([]string{others[1].cfg.Region}, nil)
		others[1].cuts.Set([]string{others[0].cfg.Region}, nil)
		eventually(t, "all are equal, with "+d.String(), converged(t, nodes))
		return
	}
	for _, n := range others {
		n.cuts.Set([]string{one.cfg.Region}, nil)
	}
	eventually(t, "two are equal", converged(t, others))
	join(nodes)
	eventually(t, "all are equal", converged(t, nodes))
}
