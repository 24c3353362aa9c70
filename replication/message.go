package replication

import (
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// ProtocolMin and ProtocolMax are the protocol versions that this build speaks.
const (
	ProtocolMin = 1
	ProtocolMax = 1
)

// MaxOrigins bounds the origins named in one list of a message.
const MaxOrigins = clock.MaxVectorEntries

// maxShards bounds the shards named in one message.
const maxShards = 1024

// Message is one message of a stream: [*Hello], [*Want], [*Ack] and [*Echo] go from
// sink to source, [*Welcome], [*Frames], [*Heartbeat], [*Missing] and
// [*Members] from source to
// sink. A message must not be changed after it was sent.
type Message interface{ message() }

// Hello is the first message of a stream.
type Hello struct {
	Identity
	ProtocolMin, ProtocolMax uint32
	// Vectors is what the sink holds durably, one entry per shard.
	Vectors []ShardVector
	// Credit is how many bytes of frames the source may send before further credit.
	Credit int64
	// Members is the registry of members that the sink knows, encoded; perhaps empty.
	Members []byte
}

// Welcome accepts a Hello.
type Welcome struct {
	Identity
	Protocol uint32
	// Members is the registry of members that the source knows, encoded; perhaps empty.
	Members []byte
}

// Members tells that the registry of members of the source has changed.
type Members struct{ Registry []byte }

// Identity says who a node is.
type Identity struct {
	Cluster string
	Node    string
	Region  string
	// Address is where the node is dialled.
	Address string
	// Run is a number that the process drew when it started; 0 is unknown. Two processes
	// with one Node are told apart by it.
	Run uint64
}

// ShardVector is a durable version vector of one shard.
type ShardVector struct {
	Shard  store.ShardID
	Vector clock.VersionVector
}

// Want replaces the set of origins of a shard that the source pushes beside its own.
type Want struct {
	Shard   store.ShardID
	Origins []WantOrigin // ascending by origin
}

// WantOrigin asks for the records of an origin that follow After.
type WantOrigin struct {
	Origin clock.Origin
	After  clock.Seq
}

// Ack tells what the sink holds durably, and returns credit.
type Ack struct {
	Durable []ShardVector
	Credit  int64
}

// Echo returns the number of a heartbeat.
type Echo struct{ Number uint64 }

// Frames carries encoded frames of one origin of one shard, in order.
type Frames struct {
	Shard  store.ShardID
	Frames [][]byte
}

// Size returns the bytes of frames: what the message costs in credit.
func (m *Frames) Size() int64 {
	var n int64
	for _, f := range m.Frames {
		n += int64(len(f))
	}
	return n
}

// Heartbeat tells what the source holds durably, and its clocks.
type Heartbeat struct {
	Number uint64
	Heads  []ShardHeads
	Stamp  clock.Timestamp
	// WallMillis is the source's wall clock in Unix milliseconds.
	WallMillis int64
	// RTT is the round-trip time that the source measured last, or 0.
	RTT time.Duration
	// RTTNumber is the heartbeat that RTT belongs to, or 0.
	RTTNumber uint64
}

// ShardHeads lists the heads of one shard.
type ShardHeads struct {
	Shard store.ShardID
	Heads []PeerHead // ascending by origin
}

// PeerHead is how far a peer has come in one origin's records.
type PeerHead struct {
	Origin clock.Origin
	Seq    clock.Seq
	// Hash is the chain hash at Seq.
	Hash oplog.Hash
	// Time is the stamp of the record at Seq.
	Time clock.Timestamp
	// Own tells that the origin is an incarnation of the peer itself.
	Own bool
	// Ended tells that the origin is retired at the peer, and that this node had not seen it
	// to its end when it told last.
	Ended bool
}

// Missing tells that the source's op log starts at LogStart, later than what was due.
type Missing struct {
	Shard    store.ShardID
	Origin   clock.Origin
	LogStart clock.Seq
}

func (*Hello) message()     {}
func (*Want) message()      {}
func (*Ack) message()       {}
func (*Echo) message()      {}
func (*Welcome) message()   {}
func (*Frames) message()    {}
func (*Heartbeat) message() {}
func (*Missing) message()   {}
func (*Members) message()   {}

// DecodeShardVector reads a vector as it travels. Anything but exactly one canonical
// vector of at most MaxOrigins entries is refused with ErrMalformed.
func DecodeShardVector(shard store.ShardID, b []byte) (ShardVector, error) {
	v, rest, err := clock.DecodeVector(b)
	if err != nil {
		return ShardVector{}, fmt.Errorf("%w: shard %d: %w", ErrMalformed, shard, err)
	}
	if len(rest) > 0 {
		return ShardVector{}, fmt.Errorf("%w: shard %d: %d bytes after the vector", ErrMalformed, shard, len(rest))
	}
	return ShardVector{shard, v}, nil
}

// checkVectors refuses vectors of unknown shards, a shard named twice, and too many.
func checkVectors(vs []ShardVector, shards []store.ShardID) error {
	if len(vs) > maxShards {
		return fmt.Errorf("%w: %d shards", ErrMalformed, len(vs))
	}
	seen := make(map[store.ShardID]bool, len(vs))
	for _, v := range vs {
		if !knows(shards, v.Shard) || seen[v.Shard] {
			return fmt.Errorf("%w: shard %d is unknown or named twice", ErrMalformed, v.Shard)
		}
		if v.Vector.Len() > MaxOrigins {
			return fmt.Errorf("%w: shard %d: vector of %d origins, at most %d", ErrMalformed, v.Shard, v.Vector.Len(), MaxOrigins)
		}
		seen[v.Shard] = true
	}
	return nil
}

// check refuses a list of origins that is too long, unsorted, or names none.
func (m *Want) check(shards []store.ShardID) error {
	if !knows(shards, m.Shard) {
		return fmt.Errorf("%w: want: shard %d is unknown", ErrMalformed, m.Shard)
	}
	if len(m.Origins) > MaxOrigins {
		return fmt.Errorf("%w: want of %d origins, at most %d", ErrMalformed, len(m.Origins), MaxOrigins)
	}
	var last clock.Origin
	for i, o := range m.Origins {
		if o.Origin <= last {
			return fmt.Errorf("%w: want entry %d not ascending", ErrMalformed, i)
		}
		last = o.Origin
	}
	return nil
}

// check refuses heads of unknown shards, unsorted ones, empty ones, and too many.
func (m *Heartbeat) check(shards []store.ShardID) error {
	if len(m.Heads) > maxShards {
		return fmt.Errorf("%w: heartbeat of %d shards", ErrMalformed, len(m.Heads))
	}
	for _, sh := range m.Heads {
		if !knows(shards, sh.Shard) {
			return fmt.Errorf("%w: heartbeat: shard %d is unknown", ErrMalformed, sh.Shard)
		}
		if len(sh.Heads) > MaxOrigins {
			return fmt.Errorf("%w: heartbeat of %d origins, at most %d", ErrMalformed, len(sh.Heads), MaxOrigins)
		}
		var last clock.Origin
		for i, h := range sh.Heads {
			if h.Origin <= last || h.Seq == 0 {
				return fmt.Errorf("%w: heartbeat entry %d not ascending or empty", ErrMalformed, i)
			}
			last = h.Origin
		}
	}
	return nil
}
