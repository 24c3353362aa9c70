package respserver

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// monitorsMax bounds the connections that watch what others do: each command is written for each of them.
const monitorsMax = 16

// monitors are the connections that watch.
type monitors struct {
	some atomic.Bool

	mu  sync.Mutex
	all map[*conn]bool // guarded by mu
}

// add lets a connection watch; false where there are too many.
func (m *monitors) add(c *conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.all) >= monitorsMax && !m.all[c] {
		return false
	}
	if m.all == nil {
		m.all = map[*conn]bool{}
	}
	m.all[c] = true
	m.some.Store(true)
	return true
}

func (m *monitors) remove(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, c)
	m.some.Store(len(m.all) > 0)
}

func (m *monitors) list() []*conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.all))
}

// show tells who watches of a command. Those of operators, and passwords, are not shown.
func (c *conn) show(r *row, args [][]byte) {
	if !c.s.monitors.some.Load() || has(r.flags, "admin") || r == &rowAuth {
		return
	}
	millis, _ := c.s.cfg.Wall.Read()
	line := fmt.Appendf(nil, "+%d.%06d [%s %s]", millis/1000, millis%1000*1000, c.space.Label(), c.net.RemoteAddr())
	for _, arg := range redacted(r.name, args) {
		line = appendQuoted(append(line, ' '), arg)
	}
	line = append(line, '\r', '\n')
	for _, other := range c.s.monitors.list() {
		other.push(line, func(l *listening) bool { return l.monitor })
	}
}

// appendQuoted appends an argument as Redis prints it.
func appendQuoted(b, arg []byte) []byte {
	b = append(b, '"')
	for _, x := range arg {
		switch {
		case x == '"' || x == '\\':
			b = append(b, '\\', x)
		case x == '\n':
			b = append(b, `\n`...)
		case x == '\r':
			b = append(b, `\r`...)
		case x == '\t':
			b = append(b, `\t`...)
		case x == '\a':
			b = append(b, `\a`...)
		case x == '\b':
			b = append(b, `\b`...)
		case x < ' ' || x > '~':
			b = append(b, '\\', 'x')
			if x < 16 {
				b = append(b, '0')
			}
			b = strconv.AppendUint(b, uint64(x), 16)
		default:
			b = append(b, x)
		}
	}
	return append(b, '"')
}
