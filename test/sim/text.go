package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"maps"
)

// String prints the scenario in the form that parse reads: conditions, then a line a
// step.
func (s *scenario) String() string {
	c := s.cond
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nnodes %s\nkeys %s\n", s.seed, c.nodes, c.keys)
	fmt.Fprintf(&b, "slow %v\nsyncing %v\nloss %d\neager %d\ntrim %d\nwindow %d\nsweep %d\nforced %d\nbreaks %d\n",
		c.slow, c.syncing, c.loss, c.eager, c.trim, c.window, c.sweep, c.forced, c.breaks)
	for _, n := range slices.Sorted(maps.Keys(c.offsets)) {
		fmt.Fprintf(&b, "offset %c %v\n", n, c.offsets[n])
	}
	if c.laggard != 0 {
		fmt.Fprintf(&b, "laggard %c\n", c.laggard)
	}
	if c.hashes > 0 {
		fmt.Fprintf(&b, "hashes %d\n", c.hashes)
	}
	if c.scores > 0 {
		fmt.Fprintf(&b, "scores %d\n", c.scores)
	}
	if c.streams > 0 {
		fmt.Fprintf(&b, "streams %d\n", c.streams)
	}
	if c.sketches > 0 {
		fmt.Fprintf(&b, "sketches %d\n", c.sketches)
	}
	if c.bounded > 0 {
		fmt.Fprintf(&b, "bounded %d\n", c.bounded)
	}
	if c.lists > 0 {
		fmt.Fprintf(&b, "lists %d\n", c.lists)
	}
	if c.once > 0 {
		fmt.Fprintf(&b, "once %d\n", c.once)
	}
	if c.forget > 0 {
		fmt.Fprintf(&b, "forget %v\n", c.forget)
	}
	if c.expiry > 0 {
		fmt.Fprintf(&b, "expiry %d\n", c.expiry)
	}
	if c.fieldEnds > 0 {
		fmt.Fprintf(&b, "fieldends %d\n", c.fieldEnds)
	}
	if c.core {
		b.WriteString("core\n")
	}
	if c.ends {
		fmt.Fprintf(&b, "ends %v\n", c.endAfter)
	}
	for _, st := range s.steps {
		fmt.Fprintf(&b, "at %v\n", st)
	}
	fmt.Fprintf(&b, "until %v\n", s.until)
	return b.String()
}

func (st step) String() string {
	out := fmt.Sprintf("%v %s %c", st.at, st.do, st.node)
	if st.peer != 0 {
		out += " " + string(st.peer)
	}
	if st.by != 0 {
		out += " " + st.by.String()
	}
	for _, op := range st.ops {
		out += " " + op.String()
	}
	return out
}

func (w write) String() string {
	if isExpiry(w.kind) {
		return w.expiryText()
	}
	if isFieldEnd(w.kind) {
		return w.fieldEndText()
	}
	switch w.kind {
	case "incr", "bcreate", "bincr", "bdecr", "pfadd", "xadd", "xgiven", "xdel", "xtrim", "xsetid", "xnext", "xone", "xnoack", "xack", "xclaim":
		return fmt.Sprintf("%s:%s:%d", w.kind, w.key, w.delta)
	case "del", "reset":
		return w.kind + ":" + w.key
	case "hset", "hincr", "hdel":
		return w.fieldText()
	case "zadd", "zincr", "zrem":
		return w.scoreText()
	case "rpush", "lpush", "linsert", "lset", "rpop", "lpop", "lremove":
		return w.listText()
	default:
		return w.kind + ":" + w.key + ":" + w.value
	}
}

// parse reads what String printed; lines that begin with # are left out.
func parse(text string) (*scenario, error) {
	s := &scenario{cond: conditions{offsets: map[byte]time.Duration{}}}
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := s.parseLine(words[0], words[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", i+1, line, err)
		}
	}
	return s, nil
}

func (s *scenario) parseLine(word string, rest []string) (err error) {
	c := &s.cond
	if word == "core" {
		c.core = true
		return nil
	}
	if len(rest) == 0 {
		return fmt.Errorf("%s of what?", word)
	}
	if n := c.numbers()[word]; n != nil {
		*n, err = strconv.Atoi(rest[0])
		return err
	}
	if d := s.spans()[word]; d != nil {
		c.ends = c.ends || word == "ends"
		*d, err = time.ParseDuration(rest[0])
		return err
	}
	switch word {
	case "seed":
		s.seed, err = strconv.ParseUint(rest[0], 10, 64)
	case "nodes":
		c.nodes = rest[0]
	case "keys":
		c.keys = rest[0]
	case "offset":
		c.offsets[rest[0][0]], err = time.ParseDuration(rest[1])
	case "laggard":
		c.laggard = rest[0][0]
	case "at":
		var st step
		st, err = parseStep(rest)
		s.steps = append(s.steps, st)
	default:
		err = fmt.Errorf("what is %s?", word)
	}
	return err
}

// numbers are the conditions that are written as a number, by their words.
func (c *conditions) numbers() map[string]*int {
	return map[string]*int{
		"loss": &c.loss, "eager": &c.eager, "trim": &c.trim, "window": &c.window, "sweep": &c.sweep, "forced": &c.forced, "breaks": &c.breaks,
		"hashes": &c.hashes, "scores": &c.scores, "streams": &c.streams, "sketches": &c.sketches, "bounded": &c.bounded, "lists": &c.lists,
		"expiry": &c.expiry, "fieldends": &c.fieldEnds, "once": &c.once,
	}
}

// spans are what is written as a length of time, by their words.
func (s *scenario) spans() map[string]*time.Duration {
	c := &s.cond
	return map[string]*time.Duration{"slow": &c.slow, "syncing": &c.syncing, "forget": &c.forget, "ends": &c.endAfter, "until": &s.until}
}

func parseStep(words []string) (st step, err error) {
	if len(words) < 3 || len(words[2]) != 1 {
		return st, fmt.Errorf("a step has a time, a verb and a node")
	}
	st.at, err = time.ParseDuration(words[0])
	st.do, st.node = verb(words[1]), words[2][0]
	for _, w := range words[3:] {
		switch {
		case len(w) == 1:
			st.peer = w[0]
		case strings.Contains(w, ":"):
			op, e := parseWrite(w)
			if st.ops = append(st.ops, op); e != nil {
				err = e
			}
		default:
			by, e := time.ParseDuration(w)
			if st.by = by; e != nil {
				err = e
			}
		}
	}
	return st, err
}

func parseWrite(word string) (w write, err error) {
	parts := strings.Split(word, ":")
	w.kind, w.key = parts[0], parts[1]
	if len(parts) > 2 {
		if isListKind(w.kind) {
			return parseList(w, parts[2])
		}
		if isExpiry(w.kind) {
			return parseExpiry(w, parts[2])
		}
		if isFieldEnd(w.kind) {
			return parseFieldEnd(w, parts[2])
		}
		if strings.HasPrefix(w.kind, "h") {
			return parseField(w, parts[2])
		}
		if strings.HasPrefix(w.kind, "z") {
			return parseScore(w, parts[2])
		}
		if w.value = parts[2]; w.kind == "incr" || isBoundedKind(w.kind) || w.kind == "pfadd" || isStreamKind(w.kind) {
			w.value = ""
			w.delta, err = strconv.ParseInt(parts[2], 10, 64)
		}
	}
	return w, err
}
