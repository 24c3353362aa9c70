package transfer

import (
	"bytes"
	"fmt"

	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// maxCredit bounds the chunks that a receiver may ask for ahead.
const maxCredit = 64

// DonorConfig is what a Donor works with.
type DonorConfig struct {
	Local  replication.Identity
	Shards []store.ShardID
	// ChunkBytes is the size that chunks aim at; 0 means the constant of that name.
	ChunkBytes int
}

// Donor is the sending side of one transfer. It is not safe for concurrent use.
type Donor struct {
	cfg     DonorConfig
	peer    replication.Identity
	shard   store.ShardID
	speaks  uint32 // the protocol of this stream
	state   donorState
	queue   []Message // to send before anything else
	snap    Snapshot  // nil before Open
	asked   bool      // the receiver said where to begin
	after   []byte    // the end of the last chunk taken
	ended   bool      // the last chunk was taken
	credit  uint32    // chunks that may be taken
	rest    []byte    // of the chunk being sent
	counted DonorCounts
}

// DonorCounts counts what a Donor has sent.
type DonorCounts struct{ Chunks, Cells, Bytes uint64 }

type donorState int

const (
	donorAwaitsHello donorState = iota
	donorAwaitsSnapshot
	donorSends
	donorDone
)

// NewDonor returns the sending side of a stream whose Hello is still to come.
func NewDonor(cfg DonorConfig) *Donor {
	if cfg.ChunkBytes <= 0 || cfg.ChunkBytes > ChunkBytesMax/2 {
		cfg.ChunkBytes = ChunkBytes
	}
	return &Donor{cfg: cfg}
}

// Recv handles a message of the receiver. An error closes the stream.
func (d *Donor) Recv(m Message) error {
	switch m := m.(type) {
	case *Hello:
		return d.hello(m)
	case *More:
		return d.more(m)
	default:
		return fmt.Errorf("%w: %T from a receiver", replication.ErrUnexpected, m)
	}
}

func (d *Donor) hello(m *Hello) error {
	if d.state != donorAwaitsHello {
		return fmt.Errorf("%w: second hello", replication.ErrUnexpected)
	}
	if err := d.cfg.Local.Accept(m.Identity); err != nil {
		return err
	}
	if m.ProtocolMin > ProtocolMax || m.ProtocolMax < ProtocolMin || m.ProtocolMin > m.ProtocolMax {
		return fmt.Errorf("%w: transfer: ours %d-%d, theirs %d-%d", replication.ErrNoProtocol, ProtocolMin, ProtocolMax, m.ProtocolMin, m.ProtocolMax)
	}
	for _, id := range d.cfg.Shards {
		if id == m.Shard {
			d.peer, d.shard, d.state = m.Identity, m.Shard, donorAwaitsSnapshot
			d.speaks = min(m.ProtocolMax, ProtocolMax)
			d.queue = append(d.queue, &Welcome{d.cfg.Local, d.speaks})
			return nil
		}
	}
	return fmt.Errorf("%w: shard %d is unknown", replication.ErrMalformed, m.Shard)
}

func (d *Donor) more(m *More) error {
	if d.state == donorDone {
		return nil // it crossed the End
	}
	if d.state != donorSends {
		return fmt.Errorf("%w: more before the state has begun", replication.ErrUnexpected)
	}
	if m.Chunks == 0 || m.Chunks > maxCredit-min(d.credit, maxCredit) {
		return fmt.Errorf("%w: credit %d after %d, at most %d", replication.ErrMalformed, m.Chunks, d.credit, maxCredit)
	}
	if !d.asked && len(m.After) > 0 {
		d.after = m.After
	}
	d.asked = true
	d.credit += m.Chunks
	return nil
}

// Peer returns who the receiver said it is; its Node is empty before the Hello.
func (d *Donor) Peer() replication.Identity { return d.peer }

// Wants returns the shard whose snapshot Open waits for, and whether it does.
func (d *Donor) Wants() (store.ShardID, bool) { return d.shard, d.state == donorAwaitsSnapshot }

// Open gives the snapshot to send. The donor does not close it.
func (d *Donor) Open(snap Snapshot) error {
	declared, err := snap.Declared()
	if err != nil {
		return fmt.Errorf("read who declared the origins: %w", err)
	}
	begin := &Begin{Heads: snap.Heads(), Declared: declared, Ends: snap.Ends()}
	if err := begin.check(); err != nil {
		return err // the receiver would refuse it
	}
	d.snap, d.state = snap, donorSends
	d.queue = append(d.queue, begin)
	return nil
}

// Next returns the next message to send, or nil when there is none for now. Call it until
// it returns nil whenever a message came. An error closes the stream.
func (d *Donor) Next() (Message, error) {
	switch {
	case len(d.queue) > 0:
		m := d.queue[0]
		d.queue = d.queue[1:]
		return m, nil
	case len(d.rest) > 0:
		return d.part(), nil
	case d.state != donorSends:
		return nil, nil
	case d.ended:
		d.state = donorDone
		return &End{}, nil
	case !d.asked || d.credit == 0:
		return nil, nil
	}
	if err := d.take(); err != nil {
		return nil, err
	}
	return d.part(), nil
}

// take reads the next chunk.
func (d *Donor) take() error {
	c, err := d.snap.Next(d.after, d.cfg.ChunkBytes)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if d.speaks < protocolNotes && bytes.Equal(c.UpTo, []byte{store.SpaceOnce}) {
		c.UpTo = nil // the receiver would not know what follows
	}
	d.credit--
	d.after, d.ended = c.UpTo, c.Last()
	d.rest = c.Append(make([]byte, 0, c.size()+64))
	d.counted.Chunks++
	d.counted.Cells += uint64(len(c.Cells))
	d.counted.Bytes += uint64(len(d.rest))
	return nil
}

func (d *Donor) part() *Part {
	n := min(len(d.rest), PartBytes)
	p := &Part{Data: d.rest[:n:n], Last: n == len(d.rest)}
	d.rest = d.rest[n:]
	return p
}

// Done reports whether End was sent.
func (d *Donor) Done() bool { return d.state == donorDone }

// Counts returns what was sent.
func (d *Donor) Counts() DonorCounts { return d.counted }
