package replication

import (
	"fmt"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

const (
	// DefaultWindow is the credit of a stream in bytes.
	DefaultWindow = 8 << 20
	// AckEvery is how often a sink tells progress, if there is any.
	AckEvery = 50 * time.Millisecond
	// AckBytes is how much returned credit is told at once.
	AckBytes = 1 << 20
	// StallAfter is how long all credit may be held by waiting frames before the sink
	// lends StallBytes more: a frame may wait for one that the source could not send yet.
	StallAfter = time.Second
	StallBytes = 256 << 10
	// stallLoans bounds the loans that are out at any time.
	stallLoans = 32
)

// SinkConfig is what a Sink works with.
type SinkConfig struct {
	Local  Identity
	Shards []store.ShardID
	// Log tells what this node holds durably; only Heads is called.
	Log Log
	// Own returns the origins of a shard that are incarnations of this node.
	Own func(store.ShardID) []clock.Origin
	// Window is the credit in bytes; 0 means DefaultWindow.
	Window int64
	// Hold reports whether credit is kept back: a new node takes over state, which makes
	// most of what could come superfluous. Nil never holds.
	Hold func() bool
	// Members returns the encoded registry of members; nil sends none.
	Members func() []byte
	// Mistakes are planted by tests of the tests.
	Mistakes mistake.Set
}

// Apply is one frame to hand to the Applier. Settled must be called for it once.
type Apply struct {
	Shard store.ShardID
	Frame *oplog.Frame
	// Bytes is the credit that the frame holds.
	Bytes int64
}

// Sink is the receiving side of one stream. It is not safe for concurrent use.
type Sink struct {
	cfg      SinkConfig
	now      Now
	greeted  bool
	welcomed bool
	peer     Identity
	heard    time.Duration
	shards   map[store.ShardID]*sinkShard
	echo     uint64
	skew     skew
	rtt      time.Duration
	stamp    clock.Timestamp
	counted  SinkCounts

	avail  int64         // credit that the source may still have
	held   int64         // credit held by frames whose fate is open
	back   int64         // credit to return with the next ack
	lent   int64         // credit beyond the window
	movedA time.Duration // when a fate was settled or credit lent last
	ackAt  time.Duration
}

// SinkCounts counts what a Sink has received.
type SinkCounts struct{ Frames, Bytes, Duplicates, Missing uint64 }

// sinkShard is what a sink knows about one shard of its peer.
type sinkShard struct {
	heads    []PeerHead
	own      map[clock.Origin]bool // declared by the peer as its own
	asked    map[clock.Origin]bool // ever wanted on this stream: frames may be in flight
	want     []WantOrigin
	wantSent bool
	arrived  map[clock.Origin]arrival
	missing  map[clock.Origin]clock.Seq
	told     bool // a heartbeat named the shard
	ackSent  clock.VersionVector
}

// arrival is the last record of an origin that came by this stream, and when.
type arrival struct {
	seq clock.Seq
	at  time.Duration
}

// NewSink returns the receiving side of a stream that was just opened.
func NewSink(cfg SinkConfig) *Sink {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	s := &Sink{cfg: cfg, shards: make(map[store.ShardID]*sinkShard)}
	for _, id := range cfg.Shards {
		s.shards[id] = &sinkShard{
			own: make(map[clock.Origin]bool), asked: make(map[clock.Origin]bool), wantSent: true,
			arrived: make(map[clock.Origin]arrival), missing: make(map[clock.Origin]clock.Seq),
		}
	}
	return s
}

// Tick tells the time; call it before Recv, Settled and Next.
func (s *Sink) Tick(now Now) {
	s.now = now
	if !s.greeted {
		s.heard = now.Elapsed // the peer owes nothing before Hello
	}
}

// Recv handles a message of the peer and returns the frames to apply, in order. An
// error closes the stream; nothing of the message is to be applied then.
func (s *Sink) Recv(m Message) ([]Apply, error) {
	s.heard = s.now.Elapsed
	if w, ok := m.(*Welcome); ok {
		return nil, s.welcome(w)
	}
	if !s.welcomed {
		return nil, fmt.Errorf("%w: %T before welcome", ErrUnexpected, m)
	}
	switch m := m.(type) {
	case *Frames:
		return s.frames(m)
	case *Heartbeat:
		return nil, s.heartbeat(m)
	case *Missing:
		return nil, s.missing(m)
	case *Members:
		return nil, nil // for whoever keeps the registry
	default:
		return nil, fmt.Errorf("%w: %T from a source", ErrUnexpected, m)
	}
}

func (s *Sink) welcome(m *Welcome) error {
	if s.welcomed || !s.greeted {
		return fmt.Errorf("%w: welcome without hello, or twice", ErrUnexpected)
	}
	if err := s.cfg.Local.Accept(m.Identity); err != nil {
		return err
	}
	if m.Protocol < ProtocolMin || m.Protocol > ProtocolMax {
		return fmt.Errorf("%w: ours %d-%d, theirs %d", ErrNoProtocol, ProtocolMin, ProtocolMax, m.Protocol)
	}
	s.peer, s.welcomed = m.Identity, true
	return nil
}

// frames checks every frame of a message before any of them is passed on.
func (s *Sink) frames(m *Frames) ([]Apply, error) {
	sh := s.shards[m.Shard]
	if sh == nil || len(m.Frames) == 0 {
		return nil, fmt.Errorf("%w: %d frames of shard %d", ErrMalformed, len(m.Frames), m.Shard)
	}
	if s.avail <= 0 {
		return nil, fmt.Errorf("%w: %d bytes with credit %d", ErrCredit, m.Size(), s.avail)
	}
	applies := make([]Apply, 0, len(m.Frames))
	for _, b := range m.Frames {
		f, err := oplog.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if store.ShardID(f.Shard) != m.Shard {
			return nil, fmt.Errorf("%w: frame of shard %d among frames of shard %d", ErrMalformed, f.Shard, m.Shard)
		}
		if err := s.allow(sh, f.Origin); err != nil {
			return nil, err
		}
		applies = append(applies, Apply{m.Shard, f, int64(len(b))})
	}
	s.arrive(sh, applies)
	return applies, nil
}

// allow is the one place that decides whose frames this peer may send.
//
// Invariant: a frame is passed on only if its origin was declared by the peer as its
// own, or was wanted from this peer. A peer that could relay unasked could flood any
// node with any origin, and a healthy mesh would carry everything twice.
func (s *Sink) allow(sh *sinkShard, o clock.Origin) error {
	if sh.own[o] || sh.asked[o] || s.cfg.Mistakes.Has(mistake.RelayUnchecked) {
		return nil
	}
	return fmt.Errorf("%w: frame of %v from %q: neither its own nor wanted", ErrOrigin, o, s.peer.Node)
}

// arrive accounts for frames that were found good.
func (s *Sink) arrive(sh *sinkShard, applies []Apply) {
	local := holds(s.cfg.Log, applies[0].Shard)
	if s.held == 0 {
		s.movedA = s.now.Elapsed
	}
	for _, a := range applies {
		s.avail -= a.Bytes
		s.held += a.Bytes
		s.counted.Frames++
		s.counted.Bytes += uint64(a.Bytes)
		if a.Frame.Last() <= max(local.Get(a.Frame.Origin), sh.arrived[a.Frame.Origin].seq) {
			s.counted.Duplicates++
		}
		last := max(a.Frame.Last(), sh.arrived[a.Frame.Origin].seq)
		sh.arrived[a.Frame.Origin] = arrival{last, s.now.Elapsed}
		delete(sh.missing, a.Frame.Origin)
	}
}

func (s *Sink) heartbeat(m *Heartbeat) error {
	if err := m.check(s.cfg.Shards); err != nil {
		return fmt.Errorf("%w (from %q)", err, s.peer.Node)
	}
	for _, sh := range m.Heads {
		if err := s.compare(sh); err != nil {
			return err
		}
	}
	for _, sh := range m.Heads {
		mine := s.shards[sh.Shard]
		mine.heads, mine.told = sh.Heads, true
		for _, h := range sh.Heads {
			if h.Own {
				mine.own[h.Origin] = true
			}
		}
	}
	s.echo, s.rtt, s.stamp = m.Number, m.RTT, m.Stamp
	s.skew.take(m, s.now.WallMillis)
	return nil
}

// compare refuses a peer that claims this node's origins, or whose history of some
// origin differs from this node's at the same sequence.
func (s *Sink) compare(sh ShardHeads) error {
	own := s.cfg.Own(sh.Shard)
	local := s.headsOf(sh.Shard)
	i := 0
	for _, h := range sh.Heads {
		if h.Own && slices.Contains(own, h.Origin) {
			return fmt.Errorf("%w: %q calls this node's origin %v its own", ErrOrigin, s.peer.Node, h.Origin)
		}
		for i < len(local) && local[i].Origin < h.Origin {
			i++
		}
		if i == len(local) || local[i].Origin != h.Origin || local[i].Seq != h.Seq {
			continue
		}
		if local[i].Hash != h.Hash {
			return fmt.Errorf("%w: record %v:%d has chain hash %016x here and %016x at %q",
				ErrDiverged, h.Origin, h.Seq, uint64(local[i].Hash), uint64(h.Hash), s.peer.Node)
		}
	}
	return nil
}

func (s *Sink) missing(m *Missing) error {
	sh := s.shards[m.Shard]
	if sh == nil || s.allow(sh, m.Origin) != nil {
		return fmt.Errorf("%w: missing names shard %d origin %v", ErrMalformed, m.Shard, m.Origin)
	}
	sh.missing[m.Origin] = m.LogStart
	s.counted.Missing++
	return nil
}

// Settled tells the fate of a frame that Recv returned: nil when it was applied or was
// known already. The error it returns closes the stream.
func (s *Sink) Settled(a Apply, fate error) error {
	if fate != nil {
		return fmt.Errorf("merge frame %v:%d from %q: %w", a.Frame.Origin, a.Frame.First, s.peer.Node, fate)
	}
	s.held -= a.Bytes
	if s.cfg.Mistakes.Has(mistake.CreditLost) && a.Frame.Last() <= holds(s.cfg.Log, a.Shard).Get(a.Frame.Origin) {
		return nil
	}
	s.movedA = s.now.Elapsed
	repaid := min(s.lent, a.Bytes)
	s.lent -= repaid
	s.back += a.Bytes - repaid
	return nil
}

// SetWant sets the origins of a shard, ascending, to ask for beside the peer's own.
func (s *Sink) SetWant(id store.ShardID, origins []WantOrigin) {
	sh := s.shards[id]
	same := func(a, b WantOrigin) bool { return a.Origin == b.Origin }
	if sh == nil || slices.EqualFunc(sh.want, origins, same) || s.cfg.Mistakes.Has(mistake.WantLost) && len(sh.asked) > 0 {
		return
	}
	sh.want, sh.wantSent = slices.Clone(origins), false
}

// Next returns the next message to send, or nil when there is none for now.
func (s *Sink) Next() Message {
	if !s.greeted {
		return s.hello()
	}
	if !s.welcomed {
		return nil
	}
	if s.echo != 0 {
		m := &Echo{s.echo}
		s.echo = 0
		return m
	}
	for _, id := range s.cfg.Shards {
		if sh := s.shards[id]; !sh.wantSent {
			sh.wantSent = true
			for _, w := range sh.want {
				sh.asked[w.Origin] = true
			}
			return &Want{Shard: id, Origins: sh.want}
		}
	}
	return s.ack()
}

func (s *Sink) hello() Message {
	s.greeted = true
	s.avail = s.cfg.Window
	s.heard, s.ackAt = s.now.Elapsed, s.now.Elapsed
	m := &Hello{Identity: s.cfg.Local, ProtocolMin: ProtocolMin, ProtocolMax: ProtocolMax, Credit: s.cfg.Window}
	if s.cfg.Members != nil {
		m.Members = s.cfg.Members()
	}
	for _, id := range s.cfg.Shards {
		v := vectorOf(s.headsOf(id))
		s.shards[id].ackSent = v
		m.Vectors = append(m.Vectors, ShardVector{id, v})
	}
	return m
}

// ack returns an Ack when one is due and has something to tell.
func (s *Sink) ack() Message {
	held := s.cfg.Hold != nil && s.cfg.Hold()
	if !held {
		s.lend()
	}
	if (held || s.back < AckBytes) && s.now.Elapsed-s.ackAt < AckEvery {
		return nil
	}
	s.ackAt = s.now.Elapsed
	m := &Ack{Credit: s.back}
	if held {
		m.Credit = 0
	}
	for _, id := range s.cfg.Shards {
		sh := s.shards[id]
		if v := vectorOf(s.headsOf(id)); !v.Equal(sh.ackSent) {
			sh.ackSent = v
			sh.found(holds(s.cfg.Log, id))
			m.Durable = append(m.Durable, ShardVector{id, v})
		}
	}
	if m.Credit == 0 && len(m.Durable) == 0 {
		return nil
	}
	s.avail += m.Credit
	s.back -= m.Credit
	return m
}

// lend gives credit beyond the window when everything received waits for something
// that the source has no credit to send.
func (s *Sink) lend() {
	stalled := s.held > 0 && s.avail <= 0 && s.back == 0 && s.now.Elapsed-s.movedA >= StallAfter
	if !stalled || s.lent >= stallLoans*StallBytes {
		return
	}
	// One frame may have overdrawn the credit by far: lend until one more can be sent.
	loan := StallBytes - s.avail
	s.lent += loan
	s.back += loan
	s.movedA = s.now.Elapsed
}

func (s *Sink) headsOf(id store.ShardID) []store.Head {
	heads, _ := s.cfg.Log.Heads(id)
	return sortedHeads(heads)
}
