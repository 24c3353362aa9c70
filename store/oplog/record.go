package oplog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// MaxRecordBytes bounds one encoded record.
const MaxRecordBytes = 16 << 20

// ErrMalformed reports bytes that are not a canonical frame or record.
var ErrMalformed = errors.New("malformed frame")

// Record is one update.
type Record struct {
	Seq  clock.Seq
	Time clock.Timestamp
	// Dep is what the origin had applied of other origins when it made this update. The
	// origin's own entry is never in it: it is Seq-1.
	Dep  clock.VersionVector
	Body []byte
}

// Hash is the chain hash of one origin's records up to some sequence: the first 8
// bytes of SHA-256 over the previous hash and the encoded record. The hash before
// the first record is 0.
type Hash uint64

func (h Hash) extend(record []byte) Hash {
	// One contiguous buffer hashes in a single call without a heap-allocated state.
	var small [1024]byte
	b := append(binary.BigEndian.AppendUint64(small[:0], uint64(h)), record...)
	sum := sha256.Sum256(b)
	return Hash(binary.BigEndian.Uint64(sum[:8]))
}

// A record is encoded as
//
//	uvarint length of what follows
//	8 bytes stamp (big endian)
//	version vector: entries of Dep that changed since the origin's previous record
//	body
//
// Its sequence is its place in the frame. The bytes do not depend on the frame that
// carries the record, so a frame can be cut anywhere between records.
func appendRecord(b []byte, t clock.Timestamp, change clock.VersionVector, body []byte) []byte {
	var small [256]byte
	v := change.Append(small[:0])
	b = binary.AppendUvarint(b, uint64(8+len(v)+len(body)))
	b = binary.BigEndian.AppendUint64(b, uint64(t))
	b = append(b, v...)
	return append(b, body...)
}

// splitRecord returns the first encoded record of b, length included, and the rest.
func splitRecord(b []byte) (record, rest []byte, err error) {
	n, body, err := clock.Uvarint(b)
	if err != nil || n > MaxRecordBytes || n > uint64(len(body)) {
		return nil, nil, fmt.Errorf("%w: record length", ErrMalformed)
	}
	end := len(b) - len(body) + int(n)
	return b[:end], b[end:], nil
}

// parseRecord decodes one record; dep is the context of the origin's previous record.
func parseRecord(b []byte, seq clock.Seq, dep clock.VersionVector) (Record, error) {
	_, b, err := clock.Uvarint(b)
	if err != nil || len(b) < 8 {
		return Record{}, fmt.Errorf("%w: record %d truncated", ErrMalformed, seq)
	}
	r := Record{Seq: seq, Time: clock.Timestamp(binary.BigEndian.Uint64(b))}
	if r.Time == 0 {
		return Record{}, fmt.Errorf("%w: record %d has no stamp", ErrMalformed, seq)
	}
	change, body, err := clock.DecodeVector(b[8:])
	if err != nil {
		return Record{}, fmt.Errorf("%w: record %d: %w", ErrMalformed, seq, err)
	}
	before := dep
	dep.Join(change)
	if before.Changes(dep).Len() != change.Len() {
		return Record{}, fmt.Errorf("%w: record %d: context does not rise", ErrMalformed, seq)
	}
	r.Dep, r.Body = dep, body
	return r, nil
}
