package replication

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrRemoved refuses a node that was removed from the cluster.
var ErrRemoved = errors.New("removed from the cluster")

// maxMembersBytes bounds an encoded registry of members in a message.
const maxMembersBytes = 4 << 20

// welcome answers a Hello. A node that was removed is told so by the registry that comes
// with the answer; nothing follows it.
func (s *Source) welcome(m *Hello) *Welcome {
	w := &Welcome{Identity: s.cfg.Local, Protocol: min(m.ProtocolMax, ProtocolMax)}
	if s.cfg.Members != nil {
		s.told = s.cfg.Members()
		w.Members = s.told
	}
	if s.cfg.Refuse != nil {
		s.refused = s.cfg.Refuse(m.Node)
	}
	return w
}

// news returns a Members when the registry has changed since the peer was told, or nil.
func (s *Source) news() Message {
	if s.cfg.Members == nil {
		return nil
	}
	now := s.cfg.Members()
	if bytes.Equal(now, s.told) {
		return nil
	}
	s.told = now
	return &Members{now}
}

// learn hands over what a peer told of the members.
func (r *Replicator) learn(id Identity, registry []byte) error {
	if len(registry) == 0 {
		return nil
	}
	if err := r.cfg.Local.Accept(id); err != nil {
		return err
	}
	if len(registry) > maxMembersBytes {
		return fmt.Errorf("%w: %d bytes of members, limit %d", ErrMalformed, len(registry), maxMembersBytes)
	}
	return r.cfg.Learn(id, registry)
}
