package respserver

import (
	"maps"
	"slices"
	"sync"
)

// listening is what is sent to a connection that did not ask for it just now: messages, and the commands
// of others for MONITOR.
type listening struct {
	// mu is held while something is sent, and while that changes what is wanted together with the
	// answer that says so: the answer is the first that the client sees of it.
	mu       sync.Mutex
	gone     bool            // guarded by mu; the connection has ended
	channels map[string]bool // guarded by mu
	patterns map[string]bool // guarded by mu
	monitor  bool            // guarded by mu

	held int // owned by the connection; bytes taken for the names
}

// of returns the channels, or the patterns. Callers hold mu.
func (l *listening) of(patterns bool) map[string]bool {
	if patterns {
		return l.patterns
	}
	return l.channels
}

// count is how many channels and patterns are listened to. Callers hold mu.
func (l *listening) count() int { return len(l.channels) + len(l.patterns) }

// names are the channels or patterns, in order. Callers hold mu.
func (l *listening) names(patterns bool) []string { return slices.Sorted(maps.Keys(l.of(patterns))) }

// listens tells whether the connection waits for what others do, and so is not idle.
func (c *conn) listens() bool {
	v := c.look()
	return v.channels+v.patterns > 0 || v.monitor
}

// push sends b if it is still wanted. It does not wait for the client.
func (c *conn) push(b []byte, wanted func(*listening) bool) bool {
	c.listening.mu.Lock()
	defer c.listening.mu.Unlock()
	if c.listening.gone || !wanted(&c.listening) {
		return false
	}
	c.output.push(b)
	return true
}

// tune changes what is listened to; the answer that change writes is sent at once.
func (c *conn) tune(change func(*listening) error) error {
	l := &c.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := change(l); err != nil {
		return err
	}
	c.see(func(v *seen) { v.channels, v.patterns, v.monitor = len(l.channels), len(l.patterns), l.monitor })
	return c.flush()
}

// leave ends listening. With gone, nothing is sent any more.
func (c *conn) leave(gone bool) {
	l := &c.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, patterns := range []bool{false, true} {
		for name := range l.of(patterns) {
			c.s.channels.remove(c, patterns, name)
		}
	}
	c.s.monitors.remove(c)
	l.channels, l.patterns, l.monitor, l.gone = nil, nil, false, gone
	c.s.give(l.held)
	l.held = 0
	c.see(func(v *seen) { v.channels, v.patterns, v.monitor = 0, 0, false })
}
