package keyspace

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// This file is about clients that go from one node to another and must not see less there:
// what a node has shown them is a version vector, and another waits until it has that.
// (Terry et al.: "Session Guarantees for Weakly Consistent Replicated Data", 1994.)

// MissingError reports that a state lacks updates which a client has seen elsewhere.
type MissingError struct {
	// Of names the nodes that made the missing updates, region/node or the origin in
	// hexadecimal, ascending by origin.
	Of []string
	// Updates is how many are missing.
	Updates uint64
}

// Error says how much is missing, and of whom.
func (e *MissingError) Error() string {
	what := fmt.Sprintf("%d updates of %s are", e.Updates, strings.Join(e.Of, ", "))
	if e.Updates == 1 {
		what = "1 update of " + e.Of[0] + " is"
	}
	return what + " not here yet"
}

// Seen returns what readers of the last acknowledged state may have seen: its vector, and
// what a transfer has merged of some keys beyond that.
func (s *Shard) Seen() clock.VersionVector {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.seen
}

// Await waits until the acknowledged state contains v. When ctx ends before, the error is a
// *MissingError; the others are ErrClosed and ErrSuperseded.
func (s *Shard) Await(ctx context.Context, v clock.VersionVector) error {
	for {
		arrived, err := s.lacks(v)
		if arrived == nil {
			return err
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return s.missing(v)
		case <-s.done:
			return ErrClosed
		}
	}
}

// lacks returns a channel that is closed at the next commit, or nil when v is contained.
func (s *Shard) lacks(v clock.VersionVector) (arrived <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.current.condemned; err != nil {
		return nil, err
	}
	if v.LessEq(s.current.vector) {
		return nil, nil
	}
	if s.arrived == nil {
		s.arrived = make(chan struct{})
	}
	return s.arrived, nil
}

// arrive wakes who waits for updates. The caller holds mu.
func (s *Shard) arrive() {
	if s.arrived != nil {
		close(s.arrived)
		s.arrived = nil
	}
}

// missing names what the acknowledged state lacks of v; nil when that is nothing any more.
func (s *Shard) missing(v clock.VersionVector) (err error) {
	p, err := s.acquire(func() {})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.doneReading(p)) }()
	if v.LessEq(p.vector) {
		return nil
	}
	e := &MissingError{Updates: p.vector.Missing(v)}
	at := s.cellsOf(p)
	for _, x := range v.Entries() {
		if p.vector.Covers(clock.Dot(x)) {
			continue
		}
		name := x.Origin.String()
		if who, err := at.declared(x.Origin); err == nil && who != (crdt.Declaration{}) {
			name = who.Region + "/" + who.Node
		}
		e.Of = append(e.Of, name)
	}
	return e
}
