package respserver

import (
	"slices"
	"strings"
	"sync"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server/resp"
)

// dueMax bounds the keys that wait for a reply to be sent; beyond it all keys are invalidated.
const dueMax = 10_000

// trackingMode is what a client has chosen.
type trackingMode struct {
	on, broadcast, optIn, optOut, noLoop bool
	redirect                             int64 // the client that is told, 0 for itself
	prefixes                             []string
}

// tracking is what CLIENT TRACKING has chosen for a connection.
//
// Invariant: what says that a key has changed is sent behind replies that may show what it was before.
type tracking struct {
	caching bool // owned by the connection; the next command is the exception of optIn or optOut

	mu      sync.Mutex
	mode    trackingMode // guarded by mu
	broken  bool         // guarded by mu; the client that is told has gone
	reading bool         // guarded by mu; something was read, and the reply is not sent yet
	due     []string     // guarded by mu; what has changed meanwhile
	dueAll  bool         // guarded by mu; anything may have
}

func (t *tracking) look() (trackingMode, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mode, t.broken
}

// flags are those of CLIENT LIST.
func (t *tracking) flags() (flags string) {
	m, broken := t.look()
	if !m.on {
		return ""
	}
	flags = "t"
	if broken {
		flags += "R"
	}
	if m.broadcast {
		flags += "B"
	}
	return flags
}

// follows tells whether a client is told of a key though it has not read it.
func (t *tracking) follows(key string) bool {
	m, _ := t.look()
	return slices.ContainsFunc(m.prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// passed ends what CLIENT CACHING said of the next command, or transaction.
func (t *tracking) passed(command string, queueing bool) {
	if !queueing && !strings.HasPrefix(command, "client|") {
		t.caching = false
	}
}

// trackReads notes what the commands that only read are about to read.
func (c *conn) trackReads(cmds ...keyspace.Command) {
	t := &c.tracking
	m, _ := t.look()
	if !m.on || m.optIn && !t.caching || m.optOut && t.caching {
		return
	}
	var keys [][]byte
	for _, cmd := range cmds {
		if !cmd.Writes() {
			keys = append(keys, cmd.Keys()...)
		}
	}
	if len(keys) == 0 {
		return
	}
	t.mu.Lock()
	t.reading = true
	t.mu.Unlock()
	if !m.broadcast {
		c.s.tracked.read(c, keys)
	}
}

// invalidate tells the client, or the one it has named, that keys have changed; nil is all of them. It waits for
// nobody.
func (t *tracking) invalidate(c *conn, keys []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.mode.on:
	case !t.reading:
		t.send(c, keys)
	case keys == nil || len(t.due)+len(keys) > dueMax:
		t.due, t.dueAll = nil, true
	case !t.dueAll:
		t.due = append(t.due, keys...)
	}
}

// settle sends what waited for replies to be sent.
func (t *tracking) settle(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
	if len(t.due) > 0 || t.dueAll {
		t.send(c, t.due)
	}
	t.due, t.dueAll = nil, false
}

// send sends keys, or that all have changed. Callers hold mu.
func (t *tracking) send(c *conn, keys []string) {
	to := c
	if t.mode.redirect != 0 {
		if to = c.s.client(t.mode.redirect); to == nil {
			t.tellBroken(c)
			return
		}
	}
	w := resp.Writer{Version: to.look().version}
	switch {
	case w.Version == 3:
		w.Push(2)
		w.Text("invalidate")
	case to != c:
		w.Array(3)
		w.Text("message")
		w.Text("__redis__:invalidate")
	default:
		return // version 2 has no place for it
	}
	if keys == nil {
		w.Null()
	} else {
		w.Array(len(keys))
	}
	for _, key := range keys {
		w.Text(key)
	}
	to.push(w.Bytes(), func(l *listening) bool { return w.Version == 3 || l.count() > 0 })
}

// tellBroken tells a client that nobody hears what it is to be told. Callers hold mu.
func (t *tracking) tellBroken(c *conn) {
	t.broken = true
	if w := (resp.Writer{Version: c.look().version}); w.Version == 3 {
		w.Push(2)
		w.Text("tracking-redir-broken")
		w.Int(t.mode.redirect)
		c.push(w.Bytes(), func(*listening) bool { return true })
	}
}

// track begins what a client has chosen, or ends it.
func (c *conn) track(m trackingMode) {
	t := &c.tracking
	t.mu.Lock()
	t.mode, t.broken = m, false
	if !m.on {
		t.due, t.dueAll = nil, false
	}
	t.mu.Unlock()
	t.caching = false
	c.s.tracked.enter(c, m.on)
}

// trackNothing ends it, if it has begun.
func (c *conn) trackNothing() {
	if m, _ := c.tracking.look(); m.on {
		c.track(trackingMode{})
	}
}

// client returns a connection by its id, nil if it has gone.
func (s *Server) client(id int64) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id]
}
