package devcluster

import (
	"cmp"
	"slices"
)

// Cut is a broken link between two regions. One way means that A does not hear B, while B still hears A.
type Cut struct {
	A      string `json:"a"`
	B      string `json:"b"`
	OneWay bool   `json:"one_way"`
}

// cuts is the set of broken links; the zero value has none.
type cuts struct{ all []Cut }

func (c *cuts) add(cut Cut) {
	reverse := Cut{cut.B, cut.A, false}
	if !slices.Contains(c.all, cut) && (cut.OneWay || !slices.Contains(c.all, reverse)) {
		c.all = append(c.all, cut)
	}
	slices.SortFunc(c.all, func(x, y Cut) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
}

// heal removes every cut between two regions, or all cuts when a is empty.
func (c *cuts) heal(a, b string) {
	c.all = slices.DeleteFunc(c.all, func(x Cut) bool {
		return a == "" || x.A == a && x.B == b || x.A == b && x.B == a
	})
}

// of returns what the node of a region must be told: whom it neither hears nor answers, and whom it does not
// hear but still answers.
func (c *cuts) of(region string) (regions, deafTo []string) {
	for _, x := range c.all {
		switch {
		case x.OneWay && x.A == region:
			deafTo = append(deafTo, x.B)
		case x.OneWay:
		case x.A == region:
			regions = append(regions, x.B)
		case x.B == region:
			regions = append(regions, x.A)
		}
	}
	return regions, deafTo
}
