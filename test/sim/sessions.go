package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atollkv/atoll/keyspace"
)

// registers are the keys that are only ever assigned, each time another value: what
// clients see of them can be judged without knowing how updates are named.
func isRegister(key string) bool { return key == "q" || key == "r" }

// sessions judges what a client sees that stays at one node while its process lives:
// it reads its own writes, never goes back, and no value is shown beside or after one
// whose writer had seen it. It knows no vectors, so that a wrong vector cannot hide a
// wrong value.
type sessions struct {
	// over is, by value, all that its writer had seen directly or through others' eyes.
	over map[string]map[string]bool
	// shown is, by process and key, what it has shown or taken.
	shown map[string]map[string]bool
	now   map[string][]string // by process and key; the last read
}

func (n *node) process() string { return fmt.Sprintf("%s%d", n.id, n.life) }

// before notes what the writer of the next value sees.
func (s *sessions) before(n *node, ops []write) {
	for _, op := range ops {
		if _, whole := n.core.VectorOf(fullKey(op.key)); !isRegister(op.key) || !whole {
			continue
		}
		var siblings []string
		_, err := n.read(siblingsOf{key: []byte(op.key), siblings: &siblings})
		if n.refuses(err, op.key) {
			continue // the write is refused as well
		}
		if err != nil {
			n.w.fail("I-33", "node %s: read %s: %v", n.id, op.key, err)
			return
		}
		n.w.check23(n, op.key, siblings)
		s.set(&s.now, n.process()+op.key, siblings)
	}
}

// siblingsOf is a command that reads no more of a key than a write to it does: a header
// that is under way to the disk can be read where the cells beside it are damaged.
type siblingsOf struct {
	key      []byte
	siblings *[]string
}

func (siblingsOf) Name() string     { return "SIBLINGSOF" }
func (c siblingsOf) Keys() [][]byte { return [][]byte{c.key} }
func (siblingsOf) Writes() bool     { return false }
func (c siblingsOf) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	h, err := tx.Header(c.key)
	for _, s := range h.Register.Siblings {
		*c.siblings = append(*c.siblings, string(s.Value))
	}
	return keyspace.Reply{}, err
}

func (s *sessions) set(m *map[string][]string, key string, v []string) {
	if *m == nil {
		*m = map[string][]string{}
	}
	(*m)[key] = v
}

// wrote notes that the commands of a transaction were carried out.
func (s *sessions) wrote(n *node, ops []write) {
	for _, op := range ops {
		if isRegister(op.key) {
			s.overwrites(op.value, s.now[n.process()+op.key])
			s.add(n.process()+op.key, op.value)
		}
	}
}

func (s *sessions) overwrites(value string, seen []string) {
	if s.over == nil {
		s.over = map[string]map[string]bool{}
	}
	all := map[string]bool{}
	for _, v := range seen {
		all[v] = true
		maps.Copy(all, s.over[v])
	}
	s.over[value] = all
}

func (s *sessions) add(process string, values ...string) {
	if s.shown == nil {
		s.shown = map[string]map[string]bool{}
	}
	if s.shown[process] == nil {
		s.shown[process] = map[string]bool{}
	}
	for _, v := range values {
		s.shown[process][v] = true
	}
}

// read judges the siblings that a process shows for a register, and returns what is
// wrong with them, or "".
func (s *sessions) read(process string, siblings []string) string {
	for _, v := range siblings {
		for _, w := range siblings {
			if s.over[w][v] {
				return fmt.Sprintf("%s is shown beside %s, whose writer had seen it", v, w)
			}
		}
	}
	for _, v := range slices.Sorted(maps.Keys(s.shown[process])) {
		stands := slices.ContainsFunc(siblings, func(w string) bool { return v == w || s.over[w][v] })
		if !stands {
			return fmt.Sprintf("%s was there before, now there is [%s], and nobody who wrote that had seen it", v, strings.Join(siblings, " "))
		}
	}
	s.add(process, siblings...)
	return ""
}

func (w *world) check23(n *node, key string, siblings []string) {
	if w.replayed[key] {
		return // its values are written twice
	}
	if wrong := w.sessions.read(n.process()+key, siblings); wrong != "" {
		w.fail("I-23", "node %v, key %s: %s", n, key, wrong)
	}
}
