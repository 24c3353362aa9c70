package respserver

import (
	"strings"
	"sync/atomic"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// Keyspace notifications: see https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/

// eventFlags are the letters of notify-keyspace-events, in the order in which Redis writes them.
const eventFlags = "g$lshzxetdn" + "KEm"

// eventsAll is what A stands for.
const eventsAll = "g$lshzxetd"

// keyEvents is what of the events of keys is published: a set of bits, one a letter of eventFlags.
type keyEvents struct{ flags atomic.Uint32 }

func eventBit(letter byte) uint32 {
	if at := strings.IndexByte(eventFlags, letter); at >= 0 {
		return 1 << at
	}
	return 0
}

func eventBits(letters string) (bits uint32) {
	for i := range len(letters) {
		bits |= eventBit(letters[i])
	}
	return bits
}

// readEvents reads what CONFIG SET is given; ok is false where a letter is none.
func readEvents(text string) (bits uint32, ok bool) {
	for i := range len(text) {
		switch bit := eventBit(text[i]); {
		case text[i] == 'A':
			bits |= eventBits(eventsAll)
		case bit == 0:
			return 0, false
		default:
			bits |= bit
		}
	}
	return bits, true
}

// String writes the letters as Redis does, which leaves n out beside A.
func (k *keyEvents) String() string {
	bits, text, letters := k.flags.Load(), "", eventFlags
	if all := eventBits(eventsAll); bits&all == all {
		text, letters = "A", "KEm"
	}
	for i := range len(letters) {
		if bits&eventBit(letters[i]) != 0 {
			text += letters[i : i+1]
		}
	}
	return text
}

// notifyEvents chooses what is published from the next commits on.
func (s *Server) notifyEvents(bits uint32) {
	s.keyEvents.flags.Store(bits)
	if s.cfg.NoteEvents != nil {
		where := bits&eventBits("KE") != 0
		s.cfg.NoteEvents(where && bits&^eventBits("KE") != 0, where && bits&eventBit('m') != 0)
	}
}

// heard hands out what a commit has changed.
func (s *Server) heard(change keyspace.Change) {
	if bits := s.keyEvents.flags.Load(); bits != 0 {
		for _, e := range change.Events {
			s.publishEvent(bits, e)
		}
	}
	s.tracked.heard(change)
}

// publishEvent tells who listens at this node of an event, first by the key and then by the event.
func (s *Server) publishEvent(bits uint32, e keyspace.Event) {
	if bits&eventBit(byte(e.Class)) == 0 || !s.channels.any() {
		return
	}
	n, key := namespace.Split(e.Key)
	if bits&eventBit('K') != 0 {
		s.channels.publish(append([]byte("__keyspace@"+n.Label()+"__:"), key...), []byte(e.Name))
	}
	if bits&eventBit('E') != 0 {
		s.channels.publish([]byte("__keyevent@"+n.Label()+"__:"+e.Name), key)
	}
}
