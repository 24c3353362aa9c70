package replication

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

const (
	// HeartbeatEvery is how often a source tells its heads.
	HeartbeatEvery = 200 * time.Millisecond
	// FramesBytes bounds the frames joined into one message; a single frame may be larger.
	FramesBytes = 256 << 10
	// echoWindow bounds the heartbeats whose echo is still awaited.
	echoWindow = 64
	// endedMax bounds the retired origins that a heartbeat names.
	endedMax = 1024
)

// SourceConfig is what a Source works with. All fields up to Own are needed.
type SourceConfig struct {
	Local  Identity
	Shards []store.ShardID
	Log    Log
	// Own returns the origins of a shard that are incarnations of this node.
	Own func(store.ShardID) []clock.Origin
	// Members returns the encoded registry of members; nil sends none. Refuse tells why a
	// member must not pull, or nil; nil refuses nobody.
	Members func() []byte
	Refuse  func(node string) error
	// Mistakes are planted by tests of the tests.
	Mistakes mistake.Set
}

// Source is the sending side of one stream. It is not safe for concurrent use.
type Source struct {
	cfg     SourceConfig
	now     Now
	peer    Identity
	state   sourceState
	credit  int64
	shards  map[store.ShardID]*sourceShard
	queue   []Message // answers to send before anything else
	beat    uint64    // number of the last heartbeat
	beatAt  time.Duration
	sentAt  [echoWindow]time.Duration // by heartbeat number
	echoed  uint64                    // greatest number echoed
	rtt     time.Duration
	counted SourceCounts
	told    []byte // the registry of members that the peer was told last
	refused error  // what ends the stream after Welcome
}

// SourceCounts counts what a Source has sent.
type SourceCounts struct{ Frames, Bytes uint64 }

type sourceState int

const (
	awaitingHello sourceState = iota
	greeting
	streaming
)

// sourceShard is what a source knows about one shard of its peer.
type sourceShard struct {
	acked    clock.VersionVector
	ended    []store.Head // last heads of retired origins that the peer lacks
	wanted   []WantOrigin
	cursors  map[clock.Origin]*cursor
	declared map[clock.Origin]bool // own origins named in a heartbeat sent
}

// cursor is the progress of one origin on one stream.
type cursor struct {
	sent clock.Seq
	// peekAt and stamp remember the first stamp of the frame that follows peekAt.
	peekAt clock.Seq
	peeked bool
	stamp  clock.Timestamp
	// missing tells that the log starts later than what is due.
	missing bool
}

// NewSource returns the sending side of a stream whose Hello is still to come.
func NewSource(cfg SourceConfig) *Source {
	s := &Source{cfg: cfg, shards: make(map[store.ShardID]*sourceShard)}
	for _, id := range cfg.Shards {
		s.shards[id] = &sourceShard{cursors: make(map[clock.Origin]*cursor), declared: make(map[clock.Origin]bool)}
	}
	return s
}

// Tick tells the time; call it before Recv and Next.
func (s *Source) Tick(now Now) { s.now = now }

// Recv handles a message of the peer. An error closes the stream.
func (s *Source) Recv(m Message) error {
	if hello, ok := m.(*Hello); ok {
		return s.hello(hello)
	}
	if s.state == awaitingHello {
		return fmt.Errorf("%w: %T before hello", ErrUnexpected, m)
	}
	switch m := m.(type) {
	case *Want:
		return s.want(m)
	case *Ack:
		return s.ack(m)
	case *Echo:
		return s.echo(m)
	default:
		return fmt.Errorf("%w: %T from a sink", ErrUnexpected, m)
	}
}

func (s *Source) hello(m *Hello) error {
	if s.state != awaitingHello {
		return fmt.Errorf("%w: second hello", ErrUnexpected)
	}
	if err := s.cfg.Local.Accept(m.Identity); err != nil {
		return err
	}
	if m.ProtocolMin > ProtocolMax || m.ProtocolMax < ProtocolMin || m.ProtocolMin > m.ProtocolMax {
		return fmt.Errorf("%w: ours %d-%d, theirs %d-%d", ErrNoProtocol, ProtocolMin, ProtocolMax, m.ProtocolMin, m.ProtocolMax)
	}
	if err := checkVectors(m.Vectors, s.cfg.Shards); err != nil {
		return err
	}
	if m.Credit < 0 {
		return fmt.Errorf("%w: credit %d", ErrMalformed, m.Credit)
	}
	for _, v := range m.Vectors {
		s.shards[v.Shard].acked = v.Vector
	}
	s.peer, s.credit, s.state = m.Identity, m.Credit, greeting
	s.queue = append(s.queue, s.welcome(m))
	return nil
}

// Accept refuses a peer that this node must not talk to.
func (id Identity) Accept(peer Identity) error {
	switch {
	case peer.Cluster != id.Cluster:
		return fmt.Errorf("%w: ours %q, theirs %q", ErrWrongCluster, id.Cluster, peer.Cluster)
	case peer.Node == id.Node && peer.Run != id.Run && peer.Run != 0 && id.Run != 0:
		return fmt.Errorf("%w: %q runs here and at %s", ErrClone, peer.Node, peer.Address)
	case peer.Node == id.Node:
		return fmt.Errorf("%w: %q", ErrSelf, peer.Node)
	case peer.Node == "":
		return fmt.Errorf("%w: peer without node id", ErrMalformed)
	default:
		return nil
	}
}

func (s *Source) want(m *Want) error {
	if err := m.check(s.cfg.Shards); err != nil {
		return err
	}
	sh := s.shards[m.Shard]
	own := s.cfg.Own(m.Shard)
	keep := make(map[clock.Origin]bool, len(m.Origins)+len(own))
	for _, o := range own {
		keep[o] = true
	}
	for _, w := range m.Origins {
		if keep[w.Origin] {
			continue // own origins are pushed anyway; their cursor is not moved
		}
		keep[w.Origin] = true
		// What was in flight when the peer wrote this must not be sent again.
		if c, ok := sh.cursors[w.Origin]; ok {
			c.raise(w.After)
		} else {
			sh.cursors[w.Origin] = &cursor{sent: w.After}
		}
	}
	for o := range sh.cursors {
		if !keep[o] {
			delete(sh.cursors, o)
		}
	}
	sh.wanted = m.Origins
	return nil
}

func (s *Source) ack(m *Ack) error {
	if err := checkVectors(m.Durable, s.cfg.Shards); err != nil {
		return err
	}
	if m.Credit < 0 || s.credit > math.MaxInt64-m.Credit {
		return fmt.Errorf("%w: credit %d", ErrMalformed, m.Credit)
	}
	s.credit += m.Credit
	for _, v := range m.Durable {
		s.shards[v.Shard].acked.Join(v.Vector)
	}
	return nil
}

func (s *Source) echo(m *Echo) error {
	if m.Number > s.beat {
		return fmt.Errorf("%w: echo of heartbeat %d, last sent %d", ErrMalformed, m.Number, s.beat)
	}
	if m.Number > s.echoed && m.Number+echoWindow > s.beat {
		s.echoed = m.Number
		s.rtt = s.now.Elapsed - s.sentAt[m.Number%echoWindow]
	}
	return nil
}

// Next returns the next message to send, or nil when there is none for now. Call it
// until it returns nil whenever time passed, a message came, or the log advanced. An
// error closes the stream.
func (s *Source) Next() (Message, error) {
	if len(s.queue) > 0 {
		m := s.queue[0]
		s.queue = s.queue[1:]
		return m, nil
	}
	if s.state == awaitingHello || s.refused != nil {
		return nil, s.refused
	}
	if s.state == greeting || s.now.Elapsed-s.beatAt >= HeartbeatEvery {
		s.state = streaming
		if m := s.news(); m != nil {
			return m, nil
		}
		return s.heartbeat(), nil
	}
	for _, id := range s.cfg.Shards {
		m, err := s.nextOf(id, s.shards[id])
		if m != nil || err != nil {
			return m, err
		}
	}
	return nil, nil
}

// nextOf returns the next message about one shard.
func (s *Source) nextOf(id store.ShardID, sh *sourceShard) (Message, error) {
	due, undeclared := s.due(id, sh)
	if undeclared {
		// The peer refuses frames of origins that it does not know as ours.
		return s.heartbeat(), nil
	}
	for len(due) > 0 && (s.credit > 0 || s.cfg.Mistakes.Has(mistake.CreditIgnored)) {
		i, err := s.earliest(id, sh, due)
		if err != nil {
			return nil, err
		}
		m, err := s.frames(id, due[i], sh.cursors[due[i]])
		if m != nil || err != nil {
			return m, err
		}
		due = slices.Delete(due, i, i+1)
	}
	return nil, nil
}

// due returns the origins, ascending, of which durable records are to be sent, and
// whether one of them is ours and was not declared yet.
func (s *Source) due(id store.ShardID, sh *sourceShard) (due []clock.Origin, undeclared bool) {
	own := s.cfg.Own(id)
	for _, h := range s.heads(id, sh) {
		mine := slices.Contains(own, h.Origin)
		c := sh.cursors[h.Origin]
		if c == nil && mine {
			c = &cursor{}
			sh.cursors[h.Origin] = c
		}
		if c == nil {
			continue // neither own nor wanted
		}
		c.raise(sh.acked.Get(h.Origin))
		if h.Seq > c.sent && !c.missing {
			due = append(due, h.Origin)
			undeclared = undeclared || mine && !sh.declared[h.Origin]
		}
	}
	return due, undeclared
}

// heads returns what the peer is to know of, ascending by origin: the durable heads, and
// those of retired origins that it lacks.
func (s *Source) heads(id store.ShardID, sh *sourceShard) []store.Head {
	heads, _ := s.cfg.Log.Heads(id)
	if len(sh.ended) > 0 {
		heads = slices.Concat(heads, sh.ended)
	}
	return sortedHeads(heads)
}

// lookForEnded finds the retired origins that the peer has not seen to their end, at most
// endedMax of them: when it has got those, the next ones come.
func (s *Source) lookForEnded(id store.ShardID, sh *sourceShard) {
	ended, table := s.cfg.Log.Ended(id)
	sh.acked = sh.acked.Carry(table)
	sh.ended = nil
	for _, h := range ended {
		if len(sh.ended) < endedMax && sh.acked.Get(h.Origin) < h.Seq {
			sh.ended = append(sh.ended, h)
		}
	}
}

// lacksEnded reports whether an origin is retired and the peer lacks a part of it.
func (sh *sourceShard) lacksEnded(o clock.Origin) bool {
	_, lacks := slices.BinarySearchFunc(sh.ended, o, func(h store.Head, o clock.Origin) int { return cmp.Compare(h.Origin, o) })
	return lacks
}

// raise moves the cursor past what the peer has got elsewhere.
func (c *cursor) raise(to clock.Seq) {
	if to > c.sent {
		c.sent, c.missing = to, false
	}
}

// earliest returns the index of the origin whose next frame begins with the smallest
// stamp. A record's stamp is greater than those of all it depends on, so dependencies
// travel before their dependents, and no origin is starved.
func (s *Source) earliest(id store.ShardID, sh *sourceShard, due []clock.Origin) (int, error) {
	if len(due) == 1 {
		return 0, nil
	}
	best, bestStamp := 0, clock.Timestamp(math.MaxUint64)
	for i, o := range due {
		stamp, err := s.peek(id, o, sh.cursors[o])
		if err != nil {
			return 0, err
		}
		if stamp < bestStamp {
			best, bestStamp = i, stamp
		}
	}
	return best, nil
}

// peek returns the stamp of the first record of the frame that is next for an origin;
// 0 when it cannot be told, so that frames finds out why.
func (s *Source) peek(id store.ShardID, o clock.Origin, c *cursor) (clock.Timestamp, error) {
	if c.peeked && c.peekAt == c.sent {
		return c.stamp, nil
	}
	frames, _, err := s.cfg.Log.Next(id, o, c.sent, 1)
	if err != nil || len(frames) == 0 {
		return 0, ignoreTruncated(err)
	}
	f, err := oplog.Decode(frames[0])
	if err != nil {
		return 0, fmt.Errorf("read log of %v after %d: %w", o, c.sent, err)
	}
	r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
	if err != nil {
		return 0, fmt.Errorf("read log of %v after %d: %w", o, c.sent, err)
	}
	rec, err := r.Peek()
	if err != nil {
		return 0, fmt.Errorf("read log of %v after %d: %w", o, c.sent, err)
	}
	c.peekAt, c.peeked, c.stamp = c.sent, true, rec.Time
	return c.stamp, nil
}

func ignoreTruncated(err error) error {
	if t := new(store.TruncatedError); errors.As(err, &t) {
		return nil
	}
	return err
}

// frames takes the next frames of one origin out of the log. It returns nil when the
// log has none after all.
func (s *Source) frames(id store.ShardID, o clock.Origin, c *cursor) (Message, error) {
	frames, last, err := s.cfg.Log.Next(id, o, c.sent, FramesBytes)
	if t := new(store.TruncatedError); errors.As(err, &t) {
		c.missing = true
		return &Missing{Shard: id, Origin: o, LogStart: t.Start}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read log of %v after %d: %w", o, c.sent, err)
	}
	if len(frames) == 0 || last <= c.sent {
		return nil, nil
	}
	m := &Frames{Shard: id, Frames: frames}
	c.sent = last
	s.credit -= m.Size()
	s.counted.Frames += uint64(len(frames))
	s.counted.Bytes += uint64(m.Size())
	return m, nil
}

func (s *Source) heartbeat() Message {
	s.beat++
	s.beatAt = s.now.Elapsed
	s.sentAt[s.beat%echoWindow] = s.now.Elapsed
	m := &Heartbeat{Number: s.beat, Stamp: s.now.Stamp, WallMillis: s.now.WallMillis, RTT: s.rtt, RTTNumber: s.echoed}
	for _, id := range s.cfg.Shards {
		s.lookForEnded(id, s.shards[id])
		own := s.cfg.Own(id)
		sh := ShardHeads{Shard: id}
		for _, h := range s.heads(id, s.shards[id]) {
			mine := slices.Contains(own, h.Origin)
			if mine {
				s.shards[id].declared[h.Origin] = true
			}
			sh.Heads = append(sh.Heads, PeerHead{h.Origin, h.Seq, h.Hash, h.Time, mine, s.shards[id].lacksEnded(h.Origin)})
		}
		m.Heads = append(m.Heads, sh)
	}
	return m
}

// Peer returns who the peer said it is; its Node is empty before the Hello.
func (s *Source) Peer() Identity { return s.peer }

// Acked returns what the peer holds durably of a shard, as far as it told.
func (s *Source) Acked(id store.ShardID) clock.VersionVector {
	if sh := s.shards[id]; sh != nil {
		return sh.acked
	}
	return clock.VersionVector{}
}

// Wanted returns the origins of a shard that the peer wants beside this node's own.
func (s *Source) Wanted(id store.ShardID) []WantOrigin {
	if sh := s.shards[id]; sh != nil {
		return sh.wanted
	}
	return nil
}

// Credit returns how many bytes may be sent; it is negative after an overshoot.
func (s *Source) Credit() int64 { return s.credit }

// RTT returns the round-trip time measured last, or 0.
func (s *Source) RTT() time.Duration { return s.rtt }

// Counts returns what was sent.
func (s *Source) Counts() SourceCounts { return s.counted }
