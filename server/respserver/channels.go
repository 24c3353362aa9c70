package respserver

import (
	"maps"
	"slices"
	"sync"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/server/resp"
)

// channels knows who listens to which channel or pattern.
type channels struct {
	mu       sync.RWMutex
	names    map[string]map[*conn]bool // guarded by mu
	patterns map[string]map[*conn]bool // guarded by mu
}

// of returns the listeners of channels, or those of patterns. Callers hold mu.
func (h *channels) of(patterns bool) *map[string]map[*conn]bool {
	if patterns {
		return &h.patterns
	}
	return &h.names
}

func (h *channels) add(c *conn, patterns bool, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.of(patterns)
	if *all == nil {
		*all = map[string]map[*conn]bool{}
	}
	if (*all)[name] == nil {
		(*all)[name] = map[*conn]bool{}
	}
	(*all)[name][c] = true
}

func (h *channels) remove(c *conn, patterns bool, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := *h.of(patterns)
	if delete(all[name], c); len(all[name]) == 0 {
		delete(all, name)
	}
}

// any tells whether anybody listens to anything.
func (h *channels) any() bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.names)+len(h.patterns) > 0
}

// receiver is a connection that a message is for, and the pattern by which, if by one.
type receiver struct {
	c         *conn
	pattern   string
	byPattern bool
}

// receivers returns who listens to a channel, those by its name first.
func (h *channels) receivers(channel string) (list []receiver) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for c := range h.names[channel] {
		list = append(list, receiver{c: c})
	}
	for pattern, who := range h.patterns {
		if !glob.Match([]byte(pattern), []byte(channel)) {
			continue
		}
		for c := range who {
			list = append(list, receiver{c, pattern, true})
		}
	}
	return list
}

// publish sends a message to who listens, and returns to how many; one with two patterns counts twice.
// Nobody is waited for.
func (h *channels) publish(channel, message []byte) (n int64) {
	for _, r := range h.receivers(string(channel)) {
		if r.send(channel, message) {
			n++
		}
	}
	return n
}

// send sends a message, if it is still wanted.
func (r receiver) send(channel, message []byte) bool {
	w := resp.Writer{Version: r.c.look().version}
	if r.byPattern {
		w.Push(4)
		w.Text("pmessage")
		w.Text(r.pattern)
	} else {
		w.Push(3)
		w.Text("message")
	}
	w.Bulk(channel)
	w.Bulk(message)
	return r.c.push(w.Bytes(), func(l *listening) bool {
		if r.byPattern {
			return l.patterns[r.pattern]
		}
		return l.channels[string(channel)]
	})
}

// active lists the channels that somebody listens to by name and that a pattern matches; nil is all.
func (h *channels) active(pattern []byte) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	list := slices.Sorted(maps.Keys(h.names))
	return slices.DeleteFunc(list, func(name string) bool { return pattern != nil && !glob.Match(pattern, []byte(name)) })
}

// listeners counts who listens to a channel by its name.
func (h *channels) listeners(name string) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.names[name])
}

// patternCount counts the patterns that somebody listens to.
func (h *channels) patternCount() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.patterns)
}
