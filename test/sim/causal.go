package sim

import (
	"fmt"
	"slices"
)

// call is one read or write of a register as a client saw it. Written values are
// unique, so a read says whose write it saw.
type call struct {
	process string
	write   bool
	key     string
	value   string // "" reads a register that was never written
}

// history is what clients saw of registers. It judges without vectors whether that can
// be causally consistent and convergent, by the bad patterns of Bouajjani et al. ("On
// Verifying Causal Consistency", 2017): for unique values a history is right if and only if
// it has none of them.
type history struct {
	calls []call
	last  map[string]string // by process and key; what was seen last
}

// wrote notes what a transaction wrote.
func (h *history) wrote(n *node, ops []write) {
	for _, op := range ops {
		if isRegister(op.key) {
			h.add(call{n.process(), true, op.key, op.value})
		}
	}
}

// read notes what a node shows, if anything is new since the process was last looked at.
func (h *history) read(process string, keys, values []string) {
	seen := fmt.Sprint(values)
	if len(keys) == 0 || h.last[process] == seen {
		return
	}
	for i, key := range keys {
		h.add(call{process, false, key, values[i]})
	}
	h.last[process] = seen
}

func (h *history) add(c call) {
	if h.last == nil {
		h.last = map[string]string{}
	}
	delete(h.last, c.process)
	h.calls = append(h.calls, c)
}

// order is a relation over the calls of a history: order[i] holds what comes before i.
type order []bits

type bits []uint64

func (b bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) join(c bits) (grew bool) {
	for i, x := range c {
		grew = grew || x&^b[i] != 0
		b[i] |= x
	}
	return grew
}

// close makes the relation transitive, and reports a cycle.
func (o order) close() (cyclic bool) {
	for grew := true; grew; {
		grew = false
		for i := range o {
			for j := range o {
				if o[i].has(j) && o[i].join(o[j]) {
					grew = true
				}
			}
		}
	}
	return slices.ContainsFunc(indices(o), func(i int) bool { return o[i].has(i) })
}

func indices(o order) []int {
	list := make([]int, len(o))
	for i := range list {
		list[i] = i
	}
	return list
}

// judge returns the first bad pattern, or "".
func (h *history) judge() string {
	from, thin := h.readsFrom()
	if thin != "" {
		return thin
	}
	co := h.causal(from)
	if co.close() {
		return "CyclicCO: reads and writes go round in a circle"
	}
	for i, c := range h.calls {
		if c.write {
			continue
		}
		for j, w := range h.calls {
			if !w.write || w.key != c.key || j == from[i] || !co[i].has(j) {
				continue
			}
			if from[i] < 0 {
				return fmt.Sprintf("WriteCOInitRead: %v comes after %v", c, w)
			}
			if co[j].has(from[i]) {
				return fmt.Sprintf("WriteCORead: %v comes after %v, which overwrote it", c, w)
			}
		}
	}
	return h.judgeConflicts(co, from)
}

// judgeConflicts looks for a circle of writes of which each lost to the next in
// somebody's eyes: then no one order of winners explains what was seen.
func (h *history) judgeConflicts(co order, from []int) string {
	for i, c := range h.calls {
		for j, w := range h.calls {
			if !c.write && w.write && w.key == c.key && from[i] >= 0 && j != from[i] && co[i].has(j) {
				co[from[i]].set(j)
			}
		}
	}
	if co.close() {
		return "CyclicCF: no order of winners explains what was seen"
	}
	return ""
}

// readsFrom returns for every read the write that it saw, -1 for the initial value.
func (h *history) readsFrom() (from []int, wrong string) {
	writes := map[[2]string]int{}
	for i, c := range h.calls {
		if c.write {
			writes[[2]string{c.key, c.value}] = i
		}
	}
	from = make([]int, len(h.calls))
	for i, c := range h.calls {
		from[i] = -1
		if w, ok := writes[[2]string{c.key, c.value}]; ok {
			from[i] = w
		} else if c.value != "" {
			return nil, fmt.Sprintf("ThinAirRead: %v, which nobody wrote", c)
		}
	}
	return from, ""
}

// causal returns the order of each process, joined with reads-from.
func (h *history) causal(from []int) order {
	co := make(order, len(h.calls))
	last := map[string]int{}
	for i, c := range h.calls {
		co[i] = make(bits, (len(h.calls)+63)/64)
		if j, ok := last[c.process]; ok {
			co[i].set(j)
		}
		last[c.process] = i
		if !c.write && from[i] >= 0 {
			co[i].set(from[i])
		}
	}
	return co
}

func (c call) String() string {
	verb := "reads"
	if c.write {
		verb = "writes"
	}
	return fmt.Sprintf("%s %s %s=%q", c.process, verb, c.key, c.value)
}
