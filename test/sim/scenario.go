package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// scenario is all that makes a run, but for what the dice decide: it is drawn from the
// seed before the run begins, so that parts of it can be left out.
type scenario struct {
	seed  uint64
	cond  conditions
	steps []step
	until time.Duration // when the faults end
}

// conditions hold for the whole of a run.
type conditions struct {
	nodes    string // one letter each
	keys     string // one letter each, see keyRoles
	offsets  map[byte]time.Duration
	slow     time.Duration // greatest delay of a message
	syncing  time.Duration // greatest time that a sync takes
	loss     int           // percent of messages that break their stream
	eager    int           // percent of writes and frames that are committed at once
	trim     int           // percent of ticks at which the op log is truncated
	window   int           // bytes of credit of a stream
	forced   int           // percent of ticks at which a transfer begins without need
	breaks   int           // percent of chunks after which a transfer breaks off
	sweep    int           // cells that one step of the sweep visits
	scores   int           // percent of those that write scores
	bounded  int           // percent of those that write to bounded counters
	sketches int           // percent of those that write to HyperLogLogs
	streams  int           // percent of those that write to streams
	lists    int           // percent of those that write to lists
	hashes   int           // percent of writes to keys without a role that write fields
	once     int           // percent of those that are operations with ids
	forget   time.Duration // how long ids are known at least; 0 is long
	expiry   int           // percent of writes to keys without a role that are about their end
	// fieldEnds is the percentage of writes to keys without a role that are about the end of fields.
	fieldEnds int
	laggard   byte          // a node with slow links and a slow disk, for ever; or 0
	ends      bool          // nodes end their earlier origins
	endAfter  time.Duration // guard time of each end
	core      bool          // at the end only a tree of links heals, the others stay cut
}

// step is one thing that a client, an operator or the world does.
type step struct {
	at   time.Duration
	do   verb
	node byte
	peer byte // 0 where it has none
	by   time.Duration
	ops  []write
}

type verb string

const (
	doWrite    verb = "write"
	doCrash    verb = "write-and-crash"
	doCut      verb = "cut"
	doCutOne   verb = "cut-one-way"
	doHeal     verb = "heal"
	doPower    verb = "power"
	doRestart  verb = "restart"
	doClock    verb = "clock"
	doFuture   verb = "restart-in-the-future"
	doTruncate verb = "truncate"
	doDiscard  verb = "discard-log"
	doCopy     verb = "copy-disk"
	doRestore  verb = "restore-disk"
	doClone    verb = "start-clone"
	doForge    verb = "forge"
	doTamper   verb = "tamper"
	doSkip     verb = "skip"
	doSyncFail verb = "sync-fails"
	doFull     verb = "disk-full"
	doSpace    verb = "disk-has-space"
	doSlowDisk verb = "slow-disk"
	doIsolate  verb = "isolate"
	doRemove   verb = "remove-member"
	doForce    verb = "remove-by-force"
	doAdd      verb = "add-member"
	doReplay   verb = "replay-aside"
	doDrop     verb = "drop-aside"
	doFlip     verb = "flip"
	doFlipLog  verb = "flip-log"
)

// write is one command of a client.
type write struct {
	kind, key, value string
	field            string  // of a hash, or the member of a sorted set
	score            float64 // of a member
	delta            int64
}

// families groups what can go wrong: a part of the seeds has one family only, which is
// easy to read.
var families = [][]verb{
	{doCut, doCut, doCutOne, doHeal, doHeal},
	{doPower, doPower},
	{doClock},
	{doFuture},
	{doTruncate, doDiscard},
	{doCopy, doRestore, doRestore},
	{doClone},
	{doForge, doTamper, doSkip, doSkip},
	{doSyncFail, doFull, doSpace, doSlowDisk},
}

// newScenario draws the scenario of a seed.
func newScenario(seed uint64) *scenario {
	verbs := familiesOf(diceOf(seed, 6))
	s := scenarioOf(seed, verbs)
	if d := diceOf(seed, 9); len(verbs) > 0 && d.chance(15) && !s.has(doRemove, doForce) {
		s.planFlips(d)
	}
	return s
}

// scenarioOf draws a scenario in which nothing goes wrong but what verbs do.
func scenarioOf(seed uint64, verbs []verb) *scenario {
	d := diceOf(seed, 1)
	s := &scenario{seed: seed, cond: newConditions(d)}
	if d := diceOf(seed, 10); d.chance(30) {
		s.cond.hashes = pick(d, 40, 40, 70, 100)
	}
	if d := diceOf(seed, 16); d.chance(30) {
		s.cond.scores = pick(d, 40, 40, 70, 100)
	}
	if d := diceOf(seed, 18); d.chance(30) {
		s.cond.lists = pick(d, 40, 40, 70, 100)
	}
	if d := diceOf(seed, 24); d.chance(30) {
		s.cond.sketches = pick(d, 20, 40, 70, 100)
	}
	if d := diceOf(seed, 26); d.chance(30) {
		s.cond.streams = pick(d, 20, 40, 70, 100)
	}
	if d := diceOf(seed, 22); d.chance(30) {
		s.cond.bounded = pick(d, 40, 40, 70, 100)
	}
	if d := diceOf(seed, 28); d.chance(30) {
		s.cond.once = pick(d, 20, 40, 70)
		if d.chance(30) {
			s.cond.once, s.cond.forget = 90, time.Second
			s.cond.offsets = map[byte]time.Duration{} // nobody knows an id for a second where clocks are off by more
			verbs = slices.DeleteFunc(slices.Clone(verbs), func(v verb) bool { return v == doFuture || v == doClock || v == doRestore })
		}
	}
	removals := len(verbs) > 0 && diceOf(seed, 7).chance(15)
	if d := diceOf(seed, 12); d.chance(25) && !removals {
		s.cond.expiry = pick(d, 20, 40, 60)
	}
	if d := diceOf(seed, 30); d.chance(25) && !removals {
		s.cond.fieldEnds = pick(d, 20, 40, 60)
		s.cond.hashes = max(s.cond.hashes, pick(d, 40, 70, 100))
	}
	if removals {
		verbs = removalVerbs(verbs)
	} else if s.cond.drawEnds(diceOf(seed, 3)) {
		verbs = endVerbs(verbs)
	}
	at := time.Duration(0)
	for i := range 8 + d.n(33) {
		s.steps = append(s.steps, s.newStep(diceOf(seed, 2, uint64(i)), i, at, verbs))
		at += d.between(time.Millisecond, 300*time.Millisecond).Truncate(time.Millisecond)
	}
	if removals {
		s.planRemoval(diceOf(seed, 8))
		s.planRestore(diceOf(seed, 32))
	}
	if s.until = at; s.cond.forget > 0 {
		s.until += 4 * s.cond.forget // ids are forgotten before all is healed
	}
	return s
}

func newConditions(d *dice) conditions {
	c := conditions{nodes: "abcde"[:2+d.n(4)], offsets: map[byte]time.Duration{}}
	c.keys = pick(d, "k", "k", "jk", "jk", "jk", "jk", "qr", "ns", "kr", "jn")
	c.slow = pick(d, 5, 50, 200*time.Nanosecond) * time.Millisecond
	c.syncing = pick(d, 5, 30, 400*time.Nanosecond) * time.Millisecond
	c.loss = pick(d, 0, 0, 1, 5)
	c.eager = pick(d, 10, 70, 100)
	c.trim = pick(d, 0, 0, 40)
	c.window = pick(d, 100, 16<<10, 16<<10)
	c.sweep = pick(d, 0, 0, 1)
	c.forced = pick(d, 0, 0, 5)
	c.breaks = pick(d, 0, 5, 30)
	c.core = d.chance(30)
	if d.chance(50) {
		for i := range c.nodes {
			c.offsets[c.nodes[i]] = d.between(-maxOffset/2, maxOffset/2).Truncate(time.Millisecond)
		}
	}
	if d.chance(15) {
		c.laggard = c.nodes[d.n(len(c.nodes))]
	}
	return c
}

// familiesOf draws what may go wrong: nothing, one kind of fault, or all kinds.
func familiesOf(d *dice) []verb {
	switch kind := d.n(10); kind {
	case 0:
		return nil
	case 1, 2:
		return pick(d, families...)
	default:
		return slices.Concat(families...)
	}
}

func (s *scenario) newStep(d *dice, id int, at time.Duration, verbs []verb) step {
	nodes := s.cond.nodes
	st := step{at: at, do: doWrite, node: nodes[d.n(len(nodes))]}
	if len(verbs) > 0 && !d.chance(65) {
		st.do = verbs[d.n(len(verbs))]
	}
	switch st.do {
	case doWrite:
		st.ops = s.newWrites(d, id)
		if len(verbs) > 0 && d.chance(3) {
			st.do = doCrash
		}
	case doCut, doCutOne, doForge, doTamper, doSkip:
		st.peer = nodes[d.n(len(nodes))]
	case doClock:
		st.by = d.between(-maxOffset/2, maxOffset/2)
	case doFuture:
		st.by = d.between(maxOffset, farthest)
	case doRestore:
		st.by = pick(d, 0, -d.between(0, time.Hour)) // the clock set back as well
	case doRemove, doForce, doAdd:
		st.peer = nodes[d.n(len(nodes))]
		st.by = pick(d, 0, 0, time.Second) // two at once; with an empty directory
	case doSlowDisk:
		st.by = d.between(0, time.Second)
	}
	st.by = st.by.Truncate(time.Millisecond)
	return st
}

// newWrites draws one to three commands on different keys, which make one transaction.
func (s *scenario) newWrites(d *dice, id int) []write {
	keys := s.cond.keys
	var ops []write
	for range 1 + d.n(len(keys)) {
		key := string(keys[d.n(len(keys))])
		if !slices.ContainsFunc(ops, func(w write) bool { return w.key == key }) {
			ops = append(ops, s.newWrite(d, id, key))
		}
		if last := ops[len(ops)-1]; isOnceKind(last.kind) {
			return []write{last} // not within a transaction
		}
	}
	return ops
}

// newWrite draws a command by the key's role: registers, counters and sets that know
// one kind of command are judged without vectors, by what clients saw.
func (s *scenario) newWrite(d *dice, id int, key string) write {
	number := strconv.Itoa
	if f := diceOf(s.seed, 29, uint64(id)); !strings.Contains("qrs", key) && f.chance(s.cond.once) {
		return newOnceWrite(f, key, id, s.cond.forget)
	}
	switch key {
	case "q", "r":
		return write{kind: "set", key: key, value: key + number(id)}
	case "n":
		return write{kind: "incr", key: key, delta: 1 + int64(d.n(1000))}
	case "s":
		if id > 0 && d.chance(40) {
			return write{kind: "srem", key: key, value: "m" + number(d.n(id))}
		}
		return write{kind: "sadd", key: key, value: "m" + number(id)}
	}
	if f := diceOf(s.seed, 25, uint64(id)); f.chance(s.cond.streams) {
		return newStreamWrite(f, key)
	}
	if f := diceOf(s.seed, 23, uint64(id)); f.chance(s.cond.sketches) {
		return newSketchWrite(f, key)
	}
	if f := diceOf(s.seed, 21, uint64(id)); f.chance(s.cond.bounded) {
		return newBoundedWrite(f, key)
	}
	if f := diceOf(s.seed, 17, uint64(id)); f.chance(s.cond.lists) {
		return newListWrite(f, id, key)
	}
	if f := diceOf(s.seed, 15, uint64(id)); f.chance(s.cond.scores) {
		return newScoreWrite(f, id, key)
	}
	if e := diceOf(s.seed, 13, uint64(id)); e.chance(s.cond.expiry) {
		return newExpiryWrite(e, id, key)
	}
	if e := diceOf(s.seed, 31, uint64(id)); e.chance(s.cond.fieldEnds) {
		return newFieldEndWrite(e, id, key)
	}
	if f := diceOf(s.seed, 11, uint64(id)); f.chance(s.cond.hashes) {
		return newFieldWrite(f, id, key)
	}
	member := string(rune('x' + d.n(3)))
	switch d.n(10) {
	case 0, 1:
		if d.chance(60) {
			return write{kind: "set", key: key, value: number(1000 * id)}
		}
		return write{kind: "set", key: key, value: key + number(id)}
	case 2:
		return write{kind: "del", key: key}
	case 3:
		return write{kind: "reset", key: key}
	case 4, 5, 6:
		return write{kind: "incr", key: key, delta: int64(d.n(19)) - 9}
	case 7, 8:
		return write{kind: "sadd", key: key, value: member}
	default:
		return write{kind: "srem", key: key, value: member}
	}
}

// has reports whether a step of the scenario does any of verbs.
func (s *scenario) has(verbs ...verb) bool {
	return slices.ContainsFunc(s.steps, func(st step) bool { return slices.Contains(verbs, st.do) })
}
