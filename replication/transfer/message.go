package transfer

import (
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// ProtocolMin and ProtocolMax are the protocol versions that this build speaks. In version 2 what is noted of operations
// with ids follows the cells.
const (
	ProtocolMin = 1
	ProtocolMax = 2

	protocolNotes = 2
)

// Message is one message of a stream: [*Hello] and [*More] go from receiver to donor,
// [*Welcome], [*Begin], [*Part] and [*End] from donor to receiver. A message must not be
// changed after it was sent.
type Message interface{ message() }

// Hello is the first message of a stream: it asks for the state of a shard.
type Hello struct {
	replication.Identity
	ProtocolMin, ProtocolMax uint32
	Shard                    store.ShardID
}

// Welcome accepts a Hello.
type Welcome struct {
	replication.Identity
	Protocol uint32
}

// Begin says what the snapshot holds.
type Begin struct {
	// Heads say how far the donor had come in every origin, ascending by origin. All of it
	// is durable there.
	Heads []store.Head
	// Declared says who writes under the origins.
	Declared []Declared
	// Ends says what the donor knows of origins that have ended. It is not looked into here.
	Ends []byte
}

// Declared says which node declared an origin.
type Declared struct {
	Origin       clock.Origin
	Region, Node string
}

// More grants chunks. The first one says behind which key to begin; it is ignored in
// those that follow.
type More struct {
	After  []byte
	Chunks uint32
}

// Part is a piece of an encoded chunk; Last ends the chunk.
type Part struct {
	Data []byte
	Last bool
}

// End follows the last chunk.
type End struct{}

func (*Hello) message()   {}
func (*Welcome) message() {}
func (*Begin) message()   {}
func (*More) message()    {}
func (*Part) message()    {}
func (*End) message()     {}

const (
	maxNameBytes = 256
	// maxEndsBytes bounds what a Begin says of ended origins.
	maxEndsBytes = 1 << 20
	// maxDepEntries bounds the contexts of all heads of one Begin together.
	maxDepEntries = 1 << 20
)

// Vector returns what the snapshot holds.
func (m *Begin) Vector() clock.VersionVector { return vectorOf(m.Heads) }

func vectorOf(heads []store.Head) clock.VersionVector {
	entries := make([]clock.Entry, len(heads))
	for i, h := range heads {
		entries[i] = clock.Entry{Origin: h.Origin, Seq: h.Seq}
	}
	return clock.VectorOf(entries...)
}

// check refuses a Begin that no correct donor sends: heads that are unsorted, empty or
// too many, and contexts that the snapshot itself does not hold.
func (m *Begin) check() error {
	if len(m.Heads) > replication.MaxOrigins || len(m.Declared) > replication.MaxOrigins {
		return fmt.Errorf("%w: begin of %d origins, at most %d", replication.ErrMalformed, len(m.Heads), replication.MaxOrigins)
	}
	if len(m.Ends) > maxEndsBytes {
		return fmt.Errorf("%w: begin: %d bytes of ended origins, at most %d", replication.ErrMalformed, len(m.Ends), maxEndsBytes)
	}
	var last clock.Origin
	deps := 0
	for i, h := range m.Heads {
		if h.Origin <= last || h.Seq == 0 || h.Time == 0 {
			return fmt.Errorf("%w: begin: head %d not ascending or empty", replication.ErrMalformed, i)
		}
		last = h.Origin
		if deps += h.Dep.Len(); deps > maxDepEntries {
			return fmt.Errorf("%w: begin: contexts of more than %d entries", replication.ErrMalformed, maxDepEntries)
		}
	}
	v := m.Vector()
	for _, h := range m.Heads {
		if !h.Dep.LessEq(v) {
			return fmt.Errorf("%w: begin: head %v:%d depends on what the snapshot lacks", replication.ErrMalformed, h.Origin, h.Seq)
		}
	}
	last = 0
	for i, d := range m.Declared {
		if d.Origin <= last || len(d.Region) > maxNameBytes || len(d.Node) > maxNameBytes {
			return fmt.Errorf("%w: begin: declaration %d not ascending or too long", replication.ErrMalformed, i)
		}
		last = d.Origin
	}
	return nil
}
