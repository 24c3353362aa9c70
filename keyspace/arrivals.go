package keyspace

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// arrivals remembers which entries were applied lately to the streams that somebody reads from a cursor, in that order.
// It only saves looking for them: what it does not remember is found by a walk over the stream.
//
// Invariant: an entry of a remembered stream whose update has been applied is in its list, or that update is covered by
// the list's floor.
type arrivals struct {
	some atomic.Bool // streams or wanted is not empty

	mu      sync.Mutex
	wanted  []streamName            // guarded by mu; to be remembered from the next update on
	streams map[streamName]*arrived // guarded by mu
	blocks  int                     // guarded by mu; of all streams
	turn    uint64                  // guarded by mu; counts readers
}

const (
	// arrivalsBlock is how many entries are kept together, and forgotten together.
	arrivalsBlock = 64
	// arrivalsBlocksMax bounds the blocks of a stream, arrivalsAllMax those of all: about 131,000 entries, 10 MiB.
	arrivalsBlocksMax = 128
	arrivalsAllMax    = 2048
	// arrivalsStreamsMax bounds the streams.
	arrivalsStreamsMax = 1024
)

// streamName is a digest of a full key: keys may be long.
type streamName [16]byte

func nameOfStream(full []byte) (n streamName) {
	sum := sha256.Sum256(full)
	copy(n[:], sum[:])
	return n
}

// arrival is an entry, by name, and the update that added it.
type arrival struct {
	name  string
	added clock.Dot
}

// arrived is what was applied to one stream.
type arrived struct {
	floor  clock.VersionVector
	blocks []*arrivalBlock // the oldest first
	used   uint64          // the turn of the last reader
}

// arrivalBlock is a run of entries; all covers their updates.
type arrivalBlock struct {
	list []arrival
	all  clock.VersionVector
}

// note remembers what an update adds; applied is what was applied before it. It is called in the commit loop.
func (a *arrivals) note(applied clock.VersionVector, u *crdt.Update, dot clock.Dot, mistakes mistake.Set) {
	if !a.some.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begin(applied)
	for i := range u.Changes {
		ch := &u.Changes[i]
		if len(ch.Entries) == 0 {
			continue
		}
		s := a.streams[nameOfStream(ch.Key)]
		if s == nil {
			continue
		}
		for j := range ch.Entries {
			x := &ch.Entries[j]
			if _, _, entry := crdt.SplitEntry(x.Name); !entry || !x.Assign {
				continue
			}
			if mistakes.Has(mistake.ArrivalsByID) && s.beyond(x.Name) {
				continue
			}
			a.blocks += s.add(arrival{string(x.Name), dot})
		}
	}
	a.bound()
}

// begin lets streams be remembered that are wanted.
func (a *arrivals) begin(applied clock.VersionVector) {
	for _, name := range a.wanted {
		if len(a.streams) >= arrivalsStreamsMax {
			a.dropOne()
		}
		if a.streams == nil {
			a.streams = map[streamName]*arrived{}
		}
		a.turn++
		a.streams[name] = &arrived{floor: applied, used: a.turn}
	}
	a.wanted = nil
}

// add appends an entry and returns by how many the blocks are more.
func (s *arrived) add(x arrival) (more int) {
	n := len(s.blocks)
	if n == 0 || len(s.blocks[n-1].list) == arrivalsBlock {
		s.blocks = append(s.blocks, &arrivalBlock{})
		more++
	}
	last := s.blocks[len(s.blocks)-1]
	last.list = append(last.list, x)
	last.all.Advance(x.added.Origin, x.added.Seq)
	if len(s.blocks) > arrivalsBlocksMax {
		s.floor.Join(s.blocks[0].all)
		s.blocks = append(s.blocks[:0:0], s.blocks[1:]...)
		more--
	}
	return more
}

// beyond tells whether an entry comes before the one that was applied last.
func (s *arrived) beyond(name []byte) bool {
	n := len(s.blocks)
	return n > 0 && bytes.Compare(name, []byte(s.blocks[n-1].list[len(s.blocks[n-1].list)-1].name)) < 0
}

// bound forgets the streams that nobody has read for the longest time while there is too much.
func (a *arrivals) bound() {
	for a.blocks > arrivalsAllMax {
		a.dropOne()
	}
}

func (a *arrivals) dropOne() {
	byUse := slices.SortedFunc(maps.Keys(a.streams), func(x, y streamName) int { return cmp.Compare(a.streams[x].used, a.streams[y].used) })
	if len(byUse) > 0 {
		a.blocks -= len(a.streams[byUse[0]].blocks)
		delete(a.streams, byUse[0])
	}
}

// forget forgets everything: state came in by another way than by updates.
func (a *arrivals) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.streams)
	a.wanted, a.blocks = nil, 0
	a.some.Store(false)
}

// since returns what was applied to a stream that seen does not cover and now does, in the order of applying. It is not
// ok where that is not known; then the stream is remembered from now on.
func (a *arrivals) since(full []byte, seen, now clock.VersionVector) (list []arrival, ok bool) {
	name := nameOfStream(full)
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.streams[name]
	if s == nil {
		if len(a.wanted) < arrivalsStreamsMax && !slices.Contains(a.wanted, name) {
			a.wanted = append(a.wanted, name)
			a.some.Store(true)
		}
		return nil, false
	}
	a.turn++
	s.used = a.turn
	if !s.floor.LessEq(seen) {
		return nil, false
	}
	for _, b := range s.blocks {
		if b.all.LessEq(seen) {
			continue
		}
		for _, x := range b.list {
			if !now.Covers(x.added) {
				return list, true // the rest was applied later
			}
			if !seen.Covers(x.added) {
				list = append(list, x)
			}
		}
	}
	return list, true
}
