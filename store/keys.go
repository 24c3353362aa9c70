package store

import (
	"encoding/binary"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// The first byte of every key names its space. docs/formats/keys.md is the map.
const (
	spaceMeta     = 0x00 // node metadata
	spaceHead     = 0x01 // shard ‖ origin → head
	spaceLog      = 0x02 // shard ‖ origin ‖ last seq → frame
	spaceLogStart = 0x03 // shard ‖ origin → first seq still in the log
	// SpaceTransfer holds shard ‖ part → how far a transfer of state has come.
	SpaceTransfer = 0x04
	// SpaceData holds cells; their keys are laid out by the keyspace.
	SpaceData = 0x10
	// SpaceOrigin holds shard ‖ origin → the node that declared it.
	SpaceOrigin = 0x05
	// SpaceAside holds shard ‖ origin ‖ last seq → frame that is kept and not applied.
	SpaceAside = 0x31
	// SpaceRetired holds shard ‖ origin → what is known of the origin's end.
	SpaceRetired = 0x06
	// SpaceExpiry holds, by time, the keys that may have ended by then.
	SpaceExpiry = 0x20
	// SpaceOnce holds what is noted of operations with ids; its keys are laid out by the keyspace.
	SpaceOnce = 0x22
	// SpaceSweep queues keys whose hidden cells are to be removed.
	SpaceSweep = 0x21
)

func headKey(s ShardID, o clock.Origin) []byte     { return originKey(spaceHead, s, o) }
func logStartKey(s ShardID, o clock.Origin) []byte { return originKey(spaceLogStart, s, o) }

func originKey(space byte, s ShardID, o clock.Origin) []byte {
	b := binary.BigEndian.AppendUint32([]byte{space}, uint32(s))
	return binary.BigEndian.AppendUint64(b, uint64(o))
}

func logKey(s ShardID, o clock.Origin, last clock.Seq) []byte {
	return binary.BigEndian.AppendUint64(originKey(spaceLog, s, o), uint64(last))
}

// MetaKey is where node metadata of a name is stored, for those who write it with a commit.
func MetaKey(name string) []byte { return metaKey(name) }

func metaKey(name string) []byte { return append([]byte{spaceMeta}, name...) }

// logKeySeq is where the sequence begins in a key of spaceLog.
const logKeySeq = 1 + 4 + 8

// after returns the key that follows key immediately.
func after(key []byte) []byte { return append(key, 0) }

// originOf returns the origin in a key that ends with it.
func originOf(key []byte) (clock.Origin, error) {
	if len(key) != logKeySeq {
		return 0, fmt.Errorf("%w: key %x is not shard and origin", ErrCorrupt, key)
	}
	return clock.Origin(binary.BigEndian.Uint64(key[5:])), nil
}
