package crdttest

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// Op is one update of the specification: what it did, its stamp, and the ids of the
// updates it had seen.
type Op struct {
	ID     int
	Kind   string // set, del, incr, sadd, srem
	Value  string // set, sadd, srem
	Delta  int64  // incr
	Time   uint64
	Origin uint64
	Saw    map[int]bool
}

// View is what a reader sees of a key.
type View struct {
	Type     string
	Value    string
	Sum      string
	Siblings []string
	Members  []string
}

func (v View) String() string {
	return fmt.Sprintf("type=%s value=%q sum=%s siblings=%q members=%q", v.Type, v.Value, v.Sum, v.Siblings, v.Members)
}

// Spec returns the view that the rules give for a set of visible updates, by nothing
// but their happens-before relation and stamps.
func Spec(visible []Op) View {
	v := View{Type: "none"}
	sets := surviving(visible, "set", clears)
	slices.SortFunc(sets, func(a, b Op) int { return newer(a, b) })
	for _, o := range sets {
		v.Siblings = append(v.Siblings, o.Value)
	}
	incrs := surviving(visible, "incr", clears)
	sum := new(big.Int)
	for _, o := range incrs {
		sum.Add(sum, big.NewInt(o.Delta))
	}
	v.Sum = sum.String()
	for _, add := range surviving(visible, "sadd", func(add, later Op) bool {
		return clears(add, later) || later.Kind == "srem" && later.Value == add.Value
	}) {
		v.Members = append(v.Members, add.Value)
	}
	slices.Sort(v.Members)
	v.Members = slices.Compact(v.Members)
	v.Value = shownValue(sets, incrs, sum)
	v.Type = shownType(visible, sets, incrs, v.Members)
	return v
}

// clears: a SET or DEL removes everything that it had seen.
func clears(_, later Op) bool { return later.Kind == "set" || later.Kind == "del" }

// surviving returns the updates of a kind that no visible later update has removed.
func surviving(visible []Op, kind string, removes func(o, later Op) bool) []Op {
	var out []Op
	for _, o := range visible {
		if o.Kind == kind && !slices.ContainsFunc(visible, func(l Op) bool { return l.Saw[o.ID] && removes(o, l) }) {
			out = append(out, o)
		}
	}
	return out
}

func shownValue(sets, incrs []Op, sum *big.Int) string {
	switch {
	case len(sets) == 0 && len(incrs) == 0:
		return ""
	case len(incrs) == 0:
		return sets[0].Value
	case len(sets) > 0:
		base, err := strconv.ParseInt(sets[0].Value, 10, 64)
		if err != nil {
			return sets[0].Value
		}
		sum = new(big.Int).Add(sum, big.NewInt(base))
	}
	return sum.String()
}

func shownType(visible, sets, incrs []Op, members []string) string {
	claims := surviving(visible, "sadd", func(_, later Op) bool {
		return clears(later, later) || later.Kind == "srem" && emptied(visible, later)
	})
	text := newest(slices.Concat(sets, incrs))
	set := newest(claims)
	switch {
	case len(members) > 0 && set != nil && (text == nil || newer(*set, *text) < 0):
		return "set"
	case text != nil:
		return "string"
	default:
		return "none"
	}
}

// emptied reports whether the remove o left its writer's set empty.
func emptied(all []Op, o Op) bool {
	var past []Op
	for _, p := range all {
		if o.Saw[p.ID] || p.ID == o.ID {
			past = append(past, p)
		}
	}
	return len(surviving(past, "sadd", func(add, later Op) bool {
		return clears(add, later) || later.Kind == "srem" && later.Value == add.Value
	})) == 0
}

func newest(ops []Op) *Op {
	if len(ops) == 0 {
		return nil
	}
	best := slices.MinFunc(ops, newer)
	return &best
}

// newer orders by descending stamp.
func newer(a, b Op) int {
	if a.Time != b.Time {
		return cmp.Compare(b.Time, a.Time)
	}
	return cmp.Compare(b.Origin, a.Origin)
}
