package replication

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// cloneReturns is how often a run must say hello again after the first hello of a later
	// one before the two count as alive at once. A process that has ended does not come
	// back; one late message of it, before or after its follower's first, proves nothing.
	cloneReturns = 2
	// CloneQuiet is how long a run must be silent before it counts as gone. It is longer
	// than the longest pause between two attempts to connect.
	CloneQuiet = 2 * BackoffMax

	cloneRunsMax  = 8    // runs remembered of one node
	cloneNodesMax = 1024 // nodes remembered
)

// ErrClone refuses a node of which two processes live: one data directory was copied and
// both copies run, or two nodes were given one name.
var ErrClone = errors.New("two live processes have one name")

// Clone is one node of which two processes live.
type Clone struct {
	Node string
	// Addresses are where its processes say that they are reached; they may be equal.
	Addresses []string
}

// String says what is wrong.
func (c Clone) String() string {
	return fmt.Sprintf("%d processes run as %s (at %v): a copied data directory, or a name given twice", len(c.Addresses), c.Node, c.Addresses)
}

// clones tells processes apart that have one name. It is a state machine: it reads no
// clock. The rule: each process draws a number when it starts, its run. Two runs of a
// node live at once when one has said hello at least cloneReturns times after the first
// hello of the other, and the other more than once. That ends when all but one are silent for CloneQuiet.
type clones struct {
	nodes map[string]*cloneNode
}

type cloneNode struct {
	runs     []cloneRun
	conflict bool
}

type cloneRun struct {
	id      uint64
	address string
	last    time.Duration
	// returns counts the hellos since another run began.
	returns int
}

func newClones() *clones { return &clones{nodes: map[string]*cloneNode{}} }

// hello takes note of a process that has just connected, and returns what is wrong with
// its name, or nil. A peer without a run, of an older version, proves nothing.
func (c *clones) hello(now time.Duration, id Identity) *Clone {
	if id.Run == 0 || id.Node == "" {
		return nil
	}
	n := c.nodes[id.Node]
	if n == nil {
		if len(c.nodes) >= cloneNodesMax {
			return nil
		}
		n = &cloneNode{}
		c.nodes[id.Node] = n
	}
	n.expire(now)
	i := slices.IndexFunc(n.runs, func(r cloneRun) bool { return r.id == id.Run })
	switch {
	case i < 0 && len(n.runs) >= cloneRunsMax:
		n.runs = slices.Delete(n.runs, 0, 1)
		fallthrough
	case i < 0:
		for j := range n.runs {
			n.runs[j].returns = 0
		}
		n.runs = append(n.runs, cloneRun{id: id.Run, address: id.Address, last: now})
	default:
		r := &n.runs[i]
		r.last, r.address = now, id.Address
		r.returns++
		n.conflict = n.conflict || n.alternate()
	}
	return n.verdict(id.Node)
}

// alternate tells whether some run came back often enough after a later one began, and
// the later one came back too.
func (n *cloneNode) alternate() bool {
	earlier := false
	for _, r := range n.runs {
		if earlier && r.returns > 0 {
			return true
		}
		earlier = earlier || r.returns >= cloneReturns
	}
	return false
}

// expire forgets runs that are silent.
func (n *cloneNode) expire(now time.Duration) {
	n.runs = slices.DeleteFunc(n.runs, func(r cloneRun) bool { return now-r.last > CloneQuiet })
	if len(n.runs) < 2 {
		n.conflict = false
	}
}

func (n *cloneNode) verdict(node string) *Clone {
	if !n.conflict {
		return nil
	}
	out := &Clone{Node: node}
	for _, r := range n.runs {
		out.Addresses = append(out.Addresses, r.address)
	}
	return out
}

// all returns every node of which two processes live, ascending by name.
func (c *clones) all(now time.Duration) []Clone {
	var out []Clone
	for name, n := range c.nodes {
		n.expire(now)
		if v := n.verdict(name); v != nil {
			out = append(out, *v)
		}
		if len(n.runs) == 0 {
			delete(c.nodes, name)
		}
	}
	slices.SortFunc(out, func(a, b Clone) int { return cmpText(a.Node, b.Node) })
	return out
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// accusation is what a peer, or a second process itself, said of this node's name.
type accusation struct {
	made bool
	at   time.Duration
	text string
}

// accuse takes note of an error that says that another process has this node's name.
func (r *Replicator) accuse(err error) {
	if !errors.Is(err, ErrClone) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accused = accusation{made: true, at: r.now().Elapsed, text: err.Error()}
}

// tellApart takes note of a node that says hello, and refuses it while two processes
// have its name. Whoever of them is connected is sent away too.
func (r *Replicator) tellApart(id Identity) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	clone := r.clones.hello(r.now().Elapsed, id)
	if clone == nil {
		return nil
	}
	err := fmt.Errorf("%w: %v", ErrClone, clone)
	if old := r.sources[id.Node]; old != nil {
		old.cancel(err)
	}
	return err
}

// witness takes note of a node that answers at two addresses, in two processes. Callers
// hold mu.
func (r *Replicator) witness(old *sinkSession, id Identity) {
	if old.peer.Run == id.Run {
		return
	}
	now := r.now().Elapsed
	r.clones.hello(now, id)
	if now-time.Duration(old.heard.Load()) <= LiveFor/2 {
		r.clones.hello(now, old.peer)
	}
}

// Clones returns every node of which two processes live, this one included, as far as
// this node or its peers know. self tells whether it is this node.
func (r *Replicator) Clones() (all []Clone, self bool, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now().Elapsed
	all = r.clones.all(now)
	if r.accused.made && now-r.accused.at <= CloneQuiet {
		self, why = true, r.accused.text
	}
	return all, self, why
}
