package sim

import (
	"errors"
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
	// toSink and toSource are when the last message of each direction arrives.
	toSink, toSource time.Duration
	// heard is when the source last heard of the sink.
	heard time.Duration
}

// connect opens a stream on which to pulls from from.
func (w *world) connect(to, from *node) {
	if old := from.serves[to.id]; old != nil {
		old.reset("replaced")
	}
	s := &stream{w: w, to: to, from: from, heard: w.now}
	identity := func(n *node) replication.Identity {
		return replication.Identity{Cluster: cluster, Node: n.id, Region: n.id, Address: n.id}
	}
	s.sink = replication.NewSink(replication.SinkConfig{
		Local: identity(to), Shards: shards, Log: log{to.acknowledged}, Own: to.owned,
		Window: 1 << 14, Mistakes: w.planted,
	})
	s.source = replication.NewSource(replication.SourceConfig{
		Local: identity(from), Shards: shards, Log: log{from.shipped}, Own: from.owned,
	})
	s.sink.Tick(to.now())
	s.source.Tick(from.now())
	to.pulls[from.id], from.serves[to.id] = s, s
	s.pump(to)
}

// reset breaks the stream on both ends.
func (s *stream) reset(why string) {
	if s.broken {
		return
	}
	s.broken = true
	s.w.note("stream %s<-%s reset: %s", s.to.id, s.from.id, why)
	if s.to.pulls[s.from.id] == s {
		delete(s.to.pulls, s.from.id)
	}
	if s.from.serves[s.to.id] == s {
		delete(s.from.serves, s.to.id)
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
	if s.w.chance(s.w.loss) {
		s.reset("lost segment")
		return
	}
	*last = max(*last+1, s.w.now+s.w.delay())
	s.w.after(*last-s.w.now, func() { s.arrive(to, m) })
}

func (s *stream) arrive(n *node, m replication.Message) {
	if s.broken || !n.up {
		return
	}
	if n == s.from {
		s.heard = s.w.now
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
	if err != nil {
		s.w.refused(err)
		s.reset(err.Error())
		return
	}
	for _, a := range applies {
		s.apply(a)
	}
	if len(applies) > 0 && s.w.chance(s.w.eager) {
		n.commit()
	}
	s.pump(n)
}

// apply hands a frame to the core, as the shell's commit loop does; sometimes twice.
func (s *stream) apply(a replication.Apply) {
	s.w.shippedFrame(s.to, a.Frame)
	s.to.core.Merge(a.Frame, func(err error) {
		if s.broken {
			return
		}
		if errors.Is(err, keyspace.ErrDiverged) || errors.Is(err, keyspace.ErrMalformed) {
			s.w.fail("node %s refuses a frame of %s: %v", s.to.id, s.from.id, err)
		}
		s.sink.Tick(s.to.now())
		if err := s.sink.Settled(a, err); err != nil {
			s.reset(err.Error())
		}
	})
	if s.w.chance(10) {
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
