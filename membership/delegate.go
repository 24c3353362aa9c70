package membership

import (
	"fmt"
	"log"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/memberlist"
)

// maxMembers bounds how many members are kept. A cluster is ten regions of a few nodes; more names
// than this are somebody's mistake or attack, and are refused.
const maxMembers = 1024

// notice is one thing that the gossip engine reported.
type notice struct {
	member   Member
	conflict string // address of the other node with this name
	refused  error
	goodbye  bool // the member is about to leave
}

// mailbox takes what the engine reports in its packet loop, where nothing may block, to Run.
//
// Invariant: one notice per key waits at most; a newer one replaces it, since only the latest state
// of a member counts. So the mailbox is bounded by the number of names, and never loses a member.
type mailbox struct {
	mu      sync.Mutex
	waiting map[string]notice // guarded by mu
	order   []string          // guarded by mu; keys of waiting, oldest first
	ready   chan struct{}
}

func newMailbox() *mailbox {
	return &mailbox{waiting: map[string]notice{}, ready: make(chan struct{}, 1)}
}

func (m *mailbox) put(key string, n notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.waiting[key]; !ok {
		if len(m.order) >= maxMembers {
			return
		}
		m.order = append(m.order, key)
	}
	m.waiting[key] = n
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]notice, 0, len(m.order))
	for _, key := range m.order {
		out = append(out, m.waiting[key])
	}
	m.order = m.order[:0]
	clear(m.waiting)
	return out
}

// delegate is called by the gossip engine with its locks held: it copies and returns.
type delegate struct {
	meta []byte
	self string
	box  *mailbox
	book *addressBook
}

// NodeMeta implements memberlist.Delegate.
func (d *delegate) NodeMeta(int) []byte { return slices.Clone(d.meta) }

// goodbyeMessage is the first byte of the only message that Atoll itself sends by gossip; the name
// of the node that leaves follows. Memberlist does not tell its users a goodbye from a death.
const goodbyeMessage = 1

// NotifyMsg implements memberlist.Delegate. Unknown messages, of newer versions, are ignored.
func (d *delegate) NotifyMsg(b []byte) {
	if len(b) < 2 || len(b) > maxMetadata || b[0] != goodbyeMessage {
		return
	}
	region, node, _ := strings.Cut(string(b[1:]), "/")
	m := Member{Region: region, Node: node}
	d.box.put("goodbye "+m.Name(), notice{member: m, goodbye: true})
}

// GetBroadcasts implements memberlist.Delegate.
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState implements memberlist.Delegate.
func (d *delegate) LocalState(bool) []byte { return nil }

// MergeRemoteState implements memberlist.Delegate.
func (d *delegate) MergeRemoteState([]byte, bool) {}

// NotifyAlive implements memberlist.AliveDelegate: it refuses nodes whose metadata this node cannot
// read or whose name is not what their metadata says.
func (d *delegate) NotifyAlive(n *memberlist.Node) error {
	m, err := decodeMetadata(n.Meta)
	if err == nil && m.Name() != n.Name {
		err = fmt.Errorf("%w: of %q, sent by %q", errMetadata, m.Name(), n.Name)
	}
	if err != nil {
		d.box.put("refused "+n.Address(), notice{
			member:  Member{Region: n.Name, GossipAddress: n.Address()},
			refused: err,
		})
		return err
	}
	d.book.learn(n.Address(), m.Region)
	return nil
}

// NotifyJoin implements memberlist.EventDelegate.
func (d *delegate) NotifyJoin(n *memberlist.Node) { d.report(n, Alive) }

// NotifyUpdate implements memberlist.EventDelegate.
func (d *delegate) NotifyUpdate(n *memberlist.Node) { d.report(n, Alive) }

// NotifyLeave implements memberlist.EventDelegate.
func (d *delegate) NotifyLeave(n *memberlist.Node) { d.report(n, Dead) }

// NotifyConflict implements memberlist.ConflictDelegate.
func (d *delegate) NotifyConflict(existing, other *memberlist.Node) {
	m, err := decodeMetadata(existing.Meta)
	if err != nil {
		return
	}
	m.GossipAddress = existing.Address()
	d.box.put("conflict "+existing.Name, notice{member: m, conflict: other.Address()})
}

func (d *delegate) report(n *memberlist.Node, s State) {
	m, err := decodeMetadata(n.Meta)
	if err != nil {
		return // NotifyAlive has refused it
	}
	m.GossipAddress, m.State, m.Self = n.Address(), s, n.Name == d.self
	d.box.put(n.Name, notice{member: m})
}

// lineLogger passes the engine's log lines to Events.Log.
type lineLogger func(level, line string)

func newLogger(sink func(level, line string)) *log.Logger {
	if sink == nil {
		sink = func(string, string) {}
	}
	return log.New(lineLogger(sink), "", 0)
}

// Write implements io.Writer for one line at a time.
func (l lineLogger) Write(p []byte) (int, error) {
	level, line := "INFO", strings.TrimSpace(string(p))
	if rest, ok := strings.CutPrefix(line, "["); ok {
		if name, text, ok := strings.Cut(rest, "] "); ok {
			level, line = name, text
		}
	}
	l(level, strings.TrimPrefix(line, "memberlist: "))
	return len(p), nil
}
