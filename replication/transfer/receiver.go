package transfer

import (
	"bytes"
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// Window is how many chunks a receiver lets come ahead of what is merged: 4 MiB of
// ordinary ones, which fills 25 MB/s over a round trip of 150 ms.
const Window = 16

// ReceiverConfig is what a Receiver works with.
type ReceiverConfig struct {
	Local replication.Identity
	Shard store.ShardID
	// Heads returns what this node holds durably.
	Heads func(store.ShardID) []store.Head
	// MaxOffset is how far a stamp may lie ahead of this node's wall clock.
	MaxOffset time.Duration
	// Resumes tells that the donor need not hold more than this node: an earlier transfer
	// broke off and must end, or the node is new.
	Resumes bool
}

// Receiver is the receiving side of one transfer. It is not safe for concurrent use.
//
// Each message that comes may give one Step. Steps are applied in order, and Settled is
// called for each once it is durable.
type Receiver struct {
	cfg     ReceiverConfig
	now     replication.Now
	state   receiverState
	peer    replication.Identity
	begin   *Begin
	queue   []Message
	upTo    []byte // the end of the last chunk that came
	partial []byte // of the chunk that is coming
	parts   int    // of it
	last    bool   // the last chunk has come
	credit  int    // chunks that may still come
	back    int    // chunks settled and not granted again
	counted ReceiverCounts
}

// ReceiverCounts counts what a Receiver has settled.
type ReceiverCounts struct{ Chunks, Cells, Bytes uint64 }

type receiverState int

const (
	receiverGreets receiverState = iota
	receiverAwaitsWelcome
	receiverAwaitsBegin
	receiverBegins // Begin is being applied
	receiverTakes
	receiverEnds // End is being applied
	receiverDone
)

// NewReceiver returns the receiving side of a stream that was just opened.
func NewReceiver(cfg ReceiverConfig) *Receiver { return &Receiver{cfg: cfg} }

// Tick tells the time; call it before Recv.
func (r *Receiver) Tick(now replication.Now) { r.now = now }

// Recv handles a message of the donor and returns the step to apply, if it completes one.
// An error closes the stream; nothing of the message is to be applied then.
func (r *Receiver) Recv(m Message) (Step, error) {
	switch m := m.(type) {
	case *Welcome:
		return nil, r.welcome(m)
	case *Begin:
		return r.takeBegin(m)
	case *Part:
		return r.part(m)
	case *End:
		return r.end(m)
	default:
		return nil, fmt.Errorf("%w: %T from a donor", replication.ErrUnexpected, m)
	}
}

func (r *Receiver) welcome(m *Welcome) error {
	if r.state != receiverAwaitsWelcome {
		return fmt.Errorf("%w: welcome without hello, or twice", replication.ErrUnexpected)
	}
	if err := r.cfg.Local.Accept(m.Identity); err != nil {
		return err
	}
	if m.Protocol < ProtocolMin || m.Protocol > ProtocolMax {
		return fmt.Errorf("%w: transfer: ours %d-%d, theirs %d", replication.ErrNoProtocol, ProtocolMin, ProtocolMax, m.Protocol)
	}
	r.peer, r.state = m.Identity, receiverAwaitsBegin
	return nil
}

func (r *Receiver) takeBegin(m *Begin) (Step, error) {
	if r.state != receiverAwaitsBegin {
		return nil, fmt.Errorf("%w: begin without welcome, or twice", replication.ErrUnexpected)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := r.compare(m); err != nil {
		return nil, err
	}
	r.begin, r.state = m, receiverBegins
	return m, nil
}

// compare refuses a snapshot from the future, of another history, or without news.
func (r *Receiver) compare(m *Begin) error {
	local := make(map[clock.Origin]store.Head)
	for _, h := range r.cfg.Heads(r.cfg.Shard) {
		local[h.Origin] = h
	}
	news := r.cfg.Resumes
	for _, h := range m.Heads {
		if ahead := h.Time.WallMillis() - r.now.WallMillis; ahead > r.cfg.MaxOffset.Milliseconds() {
			return fmt.Errorf("%w: %v:%d of %q is %v ahead, max_offset is %v",
				ErrFuture, h.Origin, h.Seq, r.peer.Node, time.Duration(ahead)*time.Millisecond, r.cfg.MaxOffset)
		}
		mine := local[h.Origin]
		if mine.Seq == h.Seq && mine.Hash != h.Hash {
			return fmt.Errorf("%w: record %v:%d has chain hash %016x here and %016x at %q",
				replication.ErrDiverged, h.Origin, h.Seq, uint64(mine.Hash), uint64(h.Hash), r.peer.Node)
		}
		news = news || h.Seq > mine.Seq
	}
	if !news {
		return fmt.Errorf("%w: %q", ErrNothing, r.peer.Node)
	}
	return nil
}

// part collects a chunk.
func (r *Receiver) part(m *Part) (Step, error) {
	if r.state != receiverTakes || r.last {
		return nil, fmt.Errorf("%w: part of a chunk outside the state", replication.ErrUnexpected)
	}
	if r.credit <= 0 {
		return nil, fmt.Errorf("%w: a chunk more than asked for", replication.ErrCredit)
	}
	if len(m.Data) == 0 || len(m.Data) > PartBytes || len(r.partial)+len(m.Data) > CellBytesMax+ChunkBytesMax {
		return nil, fmt.Errorf("%w: part of %d bytes after %d", replication.ErrMalformed, len(m.Data), len(r.partial))
	}
	whole := m.Data
	if r.parts > 0 || !m.Last {
		r.partial = append(r.partial, m.Data...)
		whole = r.partial
	}
	if r.parts++; !m.Last {
		return nil, nil
	}
	c, err := DecodeChunk(whole)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(c.After, r.upTo) || c.UpTo != nil && bytes.Compare(c.UpTo, r.upTo) <= 0 {
		return nil, fmt.Errorf("%w: chunk (%x, %x], expected what follows %x", replication.ErrMalformed, clip(c.After), clip(c.UpTo), clip(r.upTo))
	}
	r.upTo, r.last = c.UpTo, c.Last()
	r.partial, r.parts = nil, 0
	r.credit--
	return c, nil
}

func (r *Receiver) end(m *End) (Step, error) {
	if r.state != receiverTakes || !r.last {
		return nil, fmt.Errorf("%w: end before the last chunk", replication.ErrUnexpected)
	}
	r.state = receiverEnds
	return m, nil
}

// Begun tells that the Begin is durable, and behind which key the cells are needed: not
// the first one when an earlier transfer broke off.
func (r *Receiver) Begun(after []byte) {
	r.state, r.upTo, r.credit = receiverTakes, after, Window
	r.queue = append(r.queue, &More{After: after, Chunks: Window})
}

// Settled tells that a chunk or the End is durable.
func (r *Receiver) Settled(s Step) {
	switch s := s.(type) {
	case *Chunk:
		r.counted.Chunks++
		r.counted.Cells += uint64(len(s.Cells))
		r.counted.Bytes += uint64(s.size())
		r.back++
	case *End:
		r.state = receiverDone
	}
}

// Next returns the next message to send, or nil when there is none for now.
func (r *Receiver) Next() Message {
	switch {
	case r.state == receiverGreets:
		r.state = receiverAwaitsWelcome
		return &Hello{Identity: r.cfg.Local, ProtocolMin: ProtocolMin, ProtocolMax: ProtocolMax, Shard: r.cfg.Shard}
	case len(r.queue) > 0:
		m := r.queue[0]
		r.queue = r.queue[1:]
		return m
	case r.back >= Window/4 && !r.last:
		m := &More{Chunks: uint32(r.back)}
		r.credit += r.back
		r.back = 0
		return m
	}
	return nil
}

// Done reports whether the End is durable here.
func (r *Receiver) Done() bool { return r.state == receiverDone }

// Counts returns what is merged and durable.
func (r *Receiver) Counts() ReceiverCounts { return r.counted }
