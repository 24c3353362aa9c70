package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store/oplog"
)

// stream carries one node's pull from another. Messages arrive in order, each after a
// delay, or the stream breaks.
type stream struct {
	w        *world
	to, from *node // sink, source
	sink     *replication.Sink
	source   *replication.Source
	broken   bool
	lie      verb // that is being told, or ""
	lied     bool // a lie was told: a frame may have taken credit that the source knows nothing of
	// toSink and toSource are when the last message of each direction arrives.
	toSink, toSource time.Duration
	// heard is when the source last heard of the sink.
	heard time.Duration
}

// connect opens a stream on which to pulls from from.
func (w *world) connect(to, from *node) {
	if old := from.serves[to.identity]; old != nil {
		old.reset("replaced")
	}
	s := &stream{w: w, to: to, from: from, heard: w.now}
	identity := func(n *node) replication.Identity {
		return replication.Identity{Cluster: cluster, Node: n.identity, Region: n.identity, Address: n.id}
	}
	s.sink = replication.NewSink(replication.SinkConfig{
		Local: identity(to), Shards: shards, Log: log{to.acknowledged}, Own: to.owned,
		Window: int64(w.cond.window), Members: to.membersBytes, Mistakes: w.planted,
	})
	s.source = replication.NewSource(replication.SourceConfig{
		Local: identity(from), Shards: shards, Log: log{from.shipped}, Own: from.owned, Members: from.membersBytes, Refuse: from.refuse, Mistakes: w.planted,
	})
	s.sink.Tick(to.now())
	s.source.Tick(from.now())
	to.pulls[from.id], from.serves[to.identity] = s, s
	s.pump(to)
}

// link numbers the directed link from one node to another.
func link(from, to *node) int { return from.number<<8 | to.number }

func (s *stream) number() int { return link(s.from, s.to) }

// delay draws how long a message travels.
func (w *world) delay(from, to *node) time.Duration {
	d := w.roll(forDelay, link(from, to)).between(100*time.Microsecond, w.cond.slow)
	if l := w.cond.laggard; l == from.id[0] || l == to.id[0] {
		d += 250 * time.Millisecond
	}
	return d
}

// reset breaks the stream on both ends.
func (s *stream) reset(why string) {
	if s.broken {
		return
	}
	s.broken = true
	if why != replication.ErrRemoved.Error() { // again and again
		s.w.note("stream %s<-%s reset: %s", s.to.id, s.from.id, why)
	}
	if s.to.pulls[s.from.id] == s {
		delete(s.to.pulls, s.from.id)
	}
	if s.from.serves[s.to.identity] == s {
		delete(s.from.serves, s.to.identity)
	}
}

// expire breaks a stream that has been silent for too long.
func (s *stream) expire() {
	if s.w.now-s.sink.Heard() > replication.StuckAfter || s.w.now-s.heard > replication.StuckAfter {
		s.reset("silent")
	}
}

// pump sends what the end at n has to say.
func (s *stream) pump(n *node) {
	if s.broken {
		return
	}
	if n == s.to {
		s.sink.Tick(n.now())
		for m := s.sink.Next(); m != nil && !s.broken; m = s.sink.Next() {
			s.send(s.to, s.from, &s.toSource, m)
		}
		return
	}
	s.source.Tick(n.now())
	for !s.broken {
		m, err := s.source.Next()
		if err != nil {
			s.reset(err.Error())
		}
		if m == nil {
			return
		}
		s.send(s.from, s.to, &s.toSink, m)
	}
}

// send delivers m after a delay, never before what was sent earlier. What a cut link
// swallows is lost with the stream; nobody is told.
func (s *stream) send(from, to *node, last *time.Duration, m replication.Message) {
	if s.w.cut(from, to) {
		*last = never
	}
	if *last == never {
		return
	}
	if s.w.roll(forLoss, link(from, to)).chance(s.w.cond.loss) {
		s.reset("lost segment")
		return
	}
	*last = max(*last+1, s.w.now+s.w.delay(from, to))
	s.w.after(*last-s.w.now, func() { s.arrive(to, m) })
}

func (s *stream) arrive(n *node, m replication.Message) {
	if s.broken || !n.up {
		return
	}
	if n == s.from {
		s.heard = s.w.now
		if hello, ok := m.(*replication.Hello); ok {
			n.learn(s.to.identity, hello.Members)
		}
		s.source.Tick(n.now())
		if err := s.source.Recv(m); err != nil {
			s.reset(err.Error())
			return
		}
		s.pump(n)
		return
	}
	s.sink.Tick(n.now())
	applies, err := s.sink.Recv(m)
	s.learn(m)
	if err != nil {
		s.w.refused(s, err)
		s.reset(err.Error())
		return
	}
	for _, a := range applies {
		s.apply(a)
	}
	if len(applies) > 0 && n.roll(forBatch).chance(s.w.cond.eager) {
		n.commit()
	}
	if n.up {
		s.pump(n)
	}
}

// learn hands on what the source tells of members.
func (s *stream) learn(m replication.Message) {
	switch m := m.(type) {
	case *replication.Welcome:
		s.to.learn(s.from.identity, m.Members)
	case *replication.Members:
		s.to.learn(s.from.identity, m.Registry)
	}
}

// apply hands a frame to the core, as the shell's commit loop does; sometimes twice.
func (s *stream) apply(a replication.Apply) {
	s.w.checkShipped(s.to, a.Frame)
	forged := s.lie == doTamper
	s.to.core.Merge(a.Frame, func(err error) {
		if s.broken {
			return
		}
		switch wrong := errors.Is(err, keyspace.ErrDiverged) || errors.Is(err, keyspace.ErrMalformed); {
		case wrong && forged:
			sometimes.hit("tampered frame refused")
		case wrong:
			s.w.fail("I-28", "node %s refuses a frame of %s: %v", s.to.id, s.from.id, err)
		}
		s.sink.Tick(s.to.now())
		if err := s.sink.Settled(a, err); err != nil {
			s.reset(err.Error())
		}
	})
	if s.w.roll(forDuplicate, s.number()).chance(10) {
		s.to.core.Merge(copyOf(a.Frame), func(error) {})
	}
}

func copyOf(f *oplog.Frame) *oplog.Frame {
	c, err := oplog.Decode(f.Append(nil))
	if err != nil {
		panic(err)
	}
	return c
}

// tamper returns an encoded frame with the stamp of its first record changed and the
// checksum made right again.
func tamper(frame []byte) []byte {
	const header, stampBytes = 1 + 4 + 8 + 8 + 4 + 8, 8
	b := bytes.Clone(frame)
	_, length := binary.Uvarint(b[header:])
	b[header+length+stampBytes-1] ^= 1
	sum := crc32.Checksum(b[:len(b)-4], crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(b[len(b)-4:], sum)
	return b
}
