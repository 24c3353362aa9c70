package respserver

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slowlogKept and slowlogSlower are the defaults of Redis: entries, and microseconds.
	slowlogKept   = 128
	slowlogSlower = 10_000
	// slowlogMost bounds the entries, slowlogArgs and slowlogBytes what is kept of a command.
	slowlogMost  = 1024
	slowlogArgs  = 32
	slowlogBytes = 128
)

// slowlog keeps the last commands that took long.
type slowlog struct {
	slower atomic.Int64 // microseconds; a negative one is never
	kept   atomic.Int64 // entries

	mu      sync.Mutex
	nextID  int64       // guarded by mu
	entries []slowEntry // guarded by mu; the oldest first, up to as many again that are due to go
}

// slowEntry is one command that took long.
type slowEntry struct {
	id, at       int64 // at is in seconds since 1970
	took         time.Duration
	args         []string
	client, name string
}

// isSlow tells whether a command is to be kept.
func (s *slowlog) isSlow(took time.Duration) bool {
	slower := s.slower.Load()
	return slower >= 0 && took.Microseconds() >= slower && s.kept.Load() > 0
}

func (s *slowlog) add(e slowEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.id = s.nextID
	s.nextID++
	s.entries = append(s.entries, e)
	s.trim()
}

// trim drops the oldest once they are as many as are kept: under overload every command is slow, and
// none may pay for moving the others. Callers hold mu.
func (s *slowlog) trim() {
	if kept := int(s.kept.Load()); len(s.entries) >= 2*kept {
		s.entries = slices.Delete(s.entries, 0, len(s.entries)-kept)
	}
}

// current returns the entries that are kept. Callers hold mu.
func (s *slowlog) current() []slowEntry {
	return s.entries[max(len(s.entries)-int(s.kept.Load()), 0):]
}

// keep changes how many entries are kept.
func (s *slowlog) keep(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = slices.Clone(s.current())
	s.kept.Store(n)
	s.entries = slices.Clone(s.current())
}

// latest returns up to n entries, the newest first; a negative n is all.
func (s *slowlog) latest(n int64) (list []slowEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.current()) {
		if n >= 0 && int64(len(list)) >= n {
			break
		}
		list = append(list, e)
	}
	return list
}

func (s *slowlog) length() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.current())
}

func (s *slowlog) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = nil
}

// shortened is what is kept of the arguments of a command, as Redis words it.
func shortened(args [][]byte) (out []string) {
	for i, arg := range args {
		if i == slowlogArgs-1 && len(args) > slowlogArgs {
			return append(out, fmt.Sprintf("... (%d more arguments)", len(args)-i))
		}
		if n := len(arg) - slowlogBytes; n > 0 {
			out = append(out, fmt.Sprintf("%s... (%d more bytes)", arg[:slowlogBytes], n))
			continue
		}
		out = append(out, string(arg))
	}
	return out
}

// redactedText stands for a secret.
const redactedText = "(redacted)"

// redacted returns the arguments of a command without secrets: those of AUTH, and of AUTH in HELLO.
func redacted(name string, args [][]byte) [][]byte {
	var from, to int
	switch name {
	case rowAuth.name:
		from, to = 1, len(args)
	case rowHello.name:
		for i, arg := range args {
			if is(arg, "AUTH") {
				from, to = i+1, min(i+3, len(args))
				break
			}
		}
	}
	if from == to {
		return args
	}
	out := append([][]byte(nil), args...)
	for i := from; i < to; i++ {
		out[i] = []byte(redactedText)
	}
	return out
}
