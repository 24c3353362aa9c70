package membership

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// State is what gossip believes of a member.
type State int

const (
	// Unknown: remembered from before, not heard of in this run.
	Unknown State = iota
	// Alive: answers probes.
	Alive
	// Dead: stopped answering probes without saying goodbye.
	Dead
	// Left: said goodbye.
	Left
)

// String names the state.
func (s State) String() string {
	return [...]string{"unknown", "alive", "dead", "left"}[s]
}

// Member is one node as the others know it.
type Member struct {
	Region string
	Node   string
	// Address is where clients and peers reach it (gRPC), host:port.
	Address string
	// HTTPAddress is where health and metrics are served; empty when they are not.
	HTTPAddress string
	// GossipAddress is where it gossips. It is not part of the metadata.
	GossipAddress string
	State         State
	Self          bool
}

// Name is the member's unique name: region/node.
func (m Member) Name() string { return m.Region + "/" + m.Node }

// maxMetadata is what memberlist carries for one node, in bytes.
const maxMetadata = 512

// metadataVersion is the first byte of the encoding.
const metadataVersion = 1

// errMetadata reports bytes that appendMetadata would not have written.
var errMetadata = errors.New("malformed member metadata")

// appendMetadata appends the canonical encoding: a version byte, then region, node, address and
// HTTP address, each as uvarint length and bytes. docs/formats/member.md is the map.
func (m Member) appendMetadata(b []byte) []byte {
	b = append(b, metadataVersion)
	for _, s := range [...]string{m.Region, m.Node, m.Address, m.HTTPAddress} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// decodeMetadata reads what appendMetadata wrote, and nothing else.
func decodeMetadata(b []byte) (Member, error) {
	if len(b) == 0 || len(b) > maxMetadata {
		return Member{}, fmt.Errorf("%w: %d bytes", errMetadata, len(b))
	}
	if b[0] != metadataVersion {
		return Member{}, fmt.Errorf("%w: version %d, this node speaks %d", errMetadata, b[0], metadataVersion)
	}
	b = b[1:]
	var m Member
	for _, field := range [...]*string{&m.Region, &m.Node, &m.Address, &m.HTTPAddress} {
		n, size := binary.Uvarint(b)
		if size != 1 && (size <= 0 || n < 1<<7) || n > uint64(len(b)-size) {
			return Member{}, fmt.Errorf("%w: bad length", errMetadata)
		}
		*field = string(b[size : size+int(n)])
		if !utf8.ValidString(*field) {
			return Member{}, fmt.Errorf("%w: not text", errMetadata)
		}
		b = b[size+int(n):]
	}
	if len(b) != 0 {
		return Member{}, fmt.Errorf("%w: %d bytes too many", errMetadata, len(b))
	}
	if m.Region == "" || m.Node == "" {
		return Member{}, fmt.Errorf("%w: no name", errMetadata)
	}
	return m, nil
}
