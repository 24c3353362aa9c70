package crdttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// BoundedView prints the bounded counter that cells show: value ≥ bound. It is empty when there is none.
func BoundedView(cells map[string]crdt.Field) string {
	def := cells[string(crdt.BoundName())]
	shown, ok := def.Register.Shown()
	if !ok {
		return ""
	}
	bound, _ := crdt.ParseAmount(shown.Value)
	sum := crdt.TotalOf(bound)
	for name, f := range cells {
		if strings.HasPrefix(name, string(crdt.AccountsOf(shown.Dot))) {
			sum = sum.Add(f.Counter.Sum())
		}
	}
	return fmt.Sprintf("%v ≥ %d", sum, bound)
}

// specBounded returns what the rules give: the newest definition that nothing has deleted, and whatever
// was added to that one, and spent.
func specBounded(visible []Op) string {
	def := newest(surviving(visible, "bcreate", clears))
	if def == nil {
		return ""
	}
	bound, _ := strconv.ParseInt(def.Value, 10, 64)
	sum := bound + def.Delta
	for _, o := range visible {
		if o.Kind == "badd" && o.Field == def.Field {
			sum += o.Delta
		}
	}
	return fmt.Sprintf("%d ≥ %d", sum, bound)
}

func boundedClaim(visible []Op) *Op { return claims(visible, "", nil, "bcreate", "badd", "bgrant") }

// checkBound: nothing is below its bound, shown or not.
func (s State) checkBound() error {
	sums := map[clock.Dot]crdt.Total{}
	for name, f := range s.Accounts {
		if of, _, ok := crdt.SplitAccount([]byte(name)); ok {
			sums[of] = sums[of].Add(f.Counter.Sum())
		}
	}
	def := s.Accounts[string(crdt.BoundName())]
	for _, x := range def.Register.Siblings {
		if sums[x.Dot].Hi < 0 {
			return fmt.Errorf("bounded counter %v is %v below its bound", x.Dot, sums[x.Dot])
		}
	}
	return nil
}

// boundedCommand creates a bounded counter, adds to it or spends of it, or grants rights to another origin.
func (h *history) boundedCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	def := s.Accounts[string(crdt.BoundName())]
	shown, there := def.Register.Shown()
	if !there || op.Kind == "bcreate" {
		return h.createBounded(s, op, tag)
	}
	op.Field, op.Value = string(crdt.AccountsOf(shown.Dot)), ""
	mine := string(crdt.AccountName(shown.Dot, tag.Dot.Origin))
	account := s.Accounts[mine]
	rights, _ := account.Counter.Sum().Int64()
	if op.Kind == "badd" {
		if op.Delta = int64(h.rng.IntN(8)) + 1; rights > 0 && h.rng.IntN(3) > 0 {
			op.Delta = -1 - h.rng.Int64N(rights)
		}
		return h.addTo(s, tag, map[string]int64{mine: op.Delta})
	}
	to := string(crdt.AccountName(shown.Dot, h.replicas[h.rng.IntN(len(h.replicas))].origin))
	if rights <= 0 || to == mine {
		op.Kind, op.Delta = "badd", 1
		return h.addTo(s, tag, map[string]int64{mine: 1})
	}
	n := 1 + h.rng.Int64N(rights)
	return h.addTo(s, tag, map[string]int64{mine: -n, to: n})
}

func (h *history) createBounded(s *State, op *Op, tag crdt.Tag) crdt.Change {
	bound := int64(h.rng.IntN(7)) - 3
	op.Kind, op.Field, op.Value, op.Delta = "bcreate", string(crdt.AccountsOf(tag.Dot)), strconv.FormatInt(bound, 10), int64(h.rng.IntN(20))
	c := s.deletion(s.Header.Deletion(nil))
	added := h.addTo(&State{}, tag, map[string]int64{string(crdt.AccountName(tag.Dot, tag.Dot.Origin)): op.Delta})
	def := crdt.FieldChange{Name: crdt.BoundName(), Edit: crdt.Edit{Clear: true, Assign: true, Value: crdt.AppendAmount(nil, bound)}}
	c.Accounts = append(append(c.Accounts, added.Accounts...), def)
	slices.SortFunc(c.Accounts, func(a, b crdt.FieldChange) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return c
}

func (h *history) addTo(s *State, tag crdt.Tag, deltas map[string]int64) (c crdt.Change) {
	for name, n := range deltas {
		x := crdt.FieldChange{Name: []byte(name)}
		f := s.Accounts[name]
		x.Edit.Add(&f.Counter, crdt.TotalOf(n), tag)
		c.Accounts = append(c.Accounts, x)
	}
	slices.SortFunc(c.Accounts, func(a, b crdt.FieldChange) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return c
}
