package oplog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/atollkv/atoll/clock"
)

// MaxFrameBytes bounds one encoded frame: one record of the greatest size fits.
const MaxFrameBytes = MaxRecordBytes + 64

// version is the first byte of every encoded frame.
const version = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Frame is a run of consecutive records of one origin in one shard.
type Frame struct {
	Shard  uint32
	Origin clock.Origin
	First  clock.Seq
	Count  uint32
	// Hash is the chain hash after the last record.
	Hash Hash
	// records holds Count encoded records.
	records []byte
	// encoded is all of it as it travels, where that is known; records are a part of it.
	encoded []byte
}

// Last returns the sequence of the last record.
func (f *Frame) Last() clock.Seq { return f.First + clock.Seq(f.Count) - 1 }

// Size returns the length of the encoded records in bytes.
func (f *Frame) Size() int { return len(f.records) }

// Append appends the encoding of f: version, shard u32, origin u64, first u64,
// count u32, hash u64, records, CRC-32C of all before; integers are big endian.
func (f *Frame) Append(b []byte) []byte {
	if f.encoded != nil {
		return append(b, f.encoded...)
	}
	start := len(b)
	b = append(f.appendHeader(b), f.records...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func (f *Frame) appendHeader(b []byte) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint32(b, f.Shard)
	b = binary.BigEndian.AppendUint64(b, uint64(f.Origin))
	b = binary.BigEndian.AppendUint64(b, uint64(f.First))
	b = binary.BigEndian.AppendUint32(b, f.Count)
	return binary.BigEndian.AppendUint64(b, uint64(f.Hash))
}

// Encoded returns what Append appends. It must not be changed.
func (f *Frame) Encoded() []byte {
	if f.encoded != nil {
		return f.encoded
	}
	return f.Append(make([]byte, 0, f.EncodedSize()))
}

const headerBytes = 1 + 4 + 8 + 8 + 4 + 8

// FirstTime returns the stamp of the first record.
func (f *Frame) FirstTime() (clock.Timestamp, error) {
	raw, _, err := splitRecord(f.records)
	if err != nil {
		return 0, err
	}
	_, raw, err = clock.Uvarint(raw)
	if err != nil || len(raw) < 8 {
		return 0, fmt.Errorf("%w: record truncated", ErrMalformed)
	}
	return clock.Timestamp(binary.BigEndian.Uint64(raw)), nil
}

// EncodedSize returns the length of what Append adds.
func (f *Frame) EncodedSize() int { return headerBytes + len(f.records) + 4 }

// Decode reads a frame. The result shares b. It checks the checksum and that the
// records are complete, not the records' contents: see Records.
func Decode(b []byte) (*Frame, error) {
	if len(b) < headerBytes+4 || len(b) > MaxFrameBytes*2 {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	if b[0] != version {
		return nil, fmt.Errorf("%w: version %d, this build reads %d", ErrMalformed, b[0], version)
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: checksum differs", ErrMalformed)
	}
	f := &Frame{
		Shard:   binary.BigEndian.Uint32(b[1:]),
		Origin:  clock.Origin(binary.BigEndian.Uint64(b[5:])),
		First:   clock.Seq(binary.BigEndian.Uint64(b[13:])),
		Count:   binary.BigEndian.Uint32(b[21:]),
		Hash:    Hash(binary.BigEndian.Uint64(b[25:])),
		records: body[headerBytes:],
		encoded: b,
	}
	if f.Origin == 0 || f.First == 0 || f.Count == 0 || f.First > f.Last() {
		return nil, fmt.Errorf("%w: origin %v, first %d, count %d", ErrMalformed, f.Origin, f.First, f.Count)
	}
	rest := f.records
	for range f.Count {
		var err error
		if _, rest, err = splitRecord(rest); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes after the last record", ErrMalformed, len(rest))
	}
	return f, nil
}

// Reader walks the records of a frame from a known point of its origin's chain.
type Reader struct {
	frame *Frame
	rest  []byte
	next  clock.Seq
	dep   clock.VersionVector
	hash  Hash
	start int // offset of the first unread record
}

// Records returns a reader of the records of f that follow seq after, given the
// context and the chain hash of that record. after must be at least First-1: a frame
// that begins later leaves a gap.
func (f *Frame) Records(after clock.Seq, dep clock.VersionVector, hash Hash) (*Reader, error) {
	if after+1 < f.First {
		return nil, fmt.Errorf("%w: begins at %d, expected at most %d", ErrMalformed, f.First, after+1)
	}
	r := &Reader{frame: f, rest: f.records, next: f.First, dep: dep, hash: hash}
	for r.next <= after && r.More() {
		_, rest, err := splitRecord(r.rest)
		if err != nil {
			return nil, err
		}
		r.start += len(r.rest) - len(rest)
		r.rest = rest
		r.next++
	}
	return r, nil
}

// More reports whether a record is left.
func (r *Reader) More() bool { return r.next <= r.frame.Last() }

// Peek decodes the next record without moving on.
func (r *Reader) Peek() (Record, error) {
	raw, _, err := splitRecord(r.rest)
	if err != nil {
		return Record{}, err
	}
	rec, err := parseRecord(raw, r.next, r.dep)
	if err == nil && rec.Dep.Get(r.frame.Origin) != 0 {
		err = fmt.Errorf("%w: record %d: context names its own origin", ErrMalformed, r.next)
	}
	if err != nil {
		return Record{}, err
	}
	return rec, nil
}

// Advance moves past rec, the record that Peek returned.
func (r *Reader) Advance(rec Record) {
	raw, rest, err := splitRecord(r.rest)
	if err != nil {
		panic("oplog: Advance without Peek")
	}
	r.hash = r.hash.extend(raw)
	r.dep, r.rest, r.next = rec.Dep, rest, r.next+1
}

// Hash returns the chain hash after the last record passed.
func (r *Reader) Hash() Hash { return r.hash }

// Verify returns the chain hash after the whole frame, without moving.
func (r *Reader) Verify() Hash {
	h, rest := r.hash, r.rest
	for n := r.next; n <= r.frame.Last(); n++ {
		raw, next, err := splitRecord(rest)
		if err != nil {
			panic("oplog: frame changed after Decode")
		}
		h, rest = h.extend(raw), next
	}
	return h
}

// Passed returns the frame of the records passed since Records, and the frame of
// those that are left; either may be nil, or the whole frame itself. hash must be that of the whole frame.
func (r *Reader) Passed(first clock.Seq) (passed, left *Frame) {
	done := len(r.frame.records) - len(r.rest)
	if r.next > first {
		passed = r.frame.part(first, r.next, r.frame.records[r.start:done], r.hash)
	}
	if r.More() {
		left = r.frame.part(r.next, r.frame.Last()+1, r.rest, r.frame.Hash)
	}
	return passed, left
}

func (f *Frame) part(first, end clock.Seq, records []byte, h Hash) *Frame {
	if first == f.First && end == f.Last()+1 && h == f.Hash {
		return f
	}
	return &Frame{Shard: f.Shard, Origin: f.Origin, First: first, Count: uint32(end - first), Hash: h, records: records}
}

// keptBytesMax bounds the memory that a Builder keeps between frames.
const keptBytesMax = 1 << 20

// Builder makes frames of one origin's own records.
type Builder struct {
	shard  uint32
	origin clock.Origin
	next   clock.Seq
	dep    clock.VersionVector // context of the last record added
	hash   Hash
	count  uint32
	buf    []byte // kept for the next frame
}

// NewBuilder starts the chain of a fresh origin.
func NewBuilder(shard uint32, origin clock.Origin) *Builder {
	return &Builder{shard: shard, origin: origin, next: 1}
}

// ResumeBuilder goes on after the record seq of an origin.
func ResumeBuilder(shard uint32, origin clock.Origin, seq clock.Seq, dep clock.VersionVector, hash Hash) *Builder {
	return &Builder{shard: shard, origin: origin, next: seq + 1, dep: dep, hash: hash}
}

// Hash returns the chain hash after the last record added.
func (b *Builder) Hash() Hash { return b.hash }

// Origin returns the origin whose records are built.
func (b *Builder) Origin() clock.Origin { return b.origin }

// Next returns the sequence that the next record gets.
func (b *Builder) Next() clock.Seq { return b.next }

// Add appends a record and returns its sequence. dep must cover every earlier
// record's; its entry for the origin itself is ignored.
func (b *Builder) Add(t clock.Timestamp, dep clock.VersionVector, body []byte) clock.Seq {
	dep = dep.Without(b.origin)
	start := len(b.buf)
	b.buf = appendRecord(b.buf, t, b.dep.Changes(dep), body)
	b.hash = b.hash.extend(b.buf[start:])
	b.dep = dep
	b.count++
	b.next++
	return b.next - 1
}

// Size returns the bytes of records waiting for Frame.
func (b *Builder) Size() int { return len(b.buf) }

// Frame returns the records added since the last call as one frame, or nil.
func (b *Builder) Frame() *Frame {
	if b.count == 0 {
		return nil
	}
	f := &Frame{Shard: b.shard, Origin: b.origin, First: b.next - clock.Seq(b.count), Count: b.count, Hash: b.hash, records: b.buf}
	f.encoded = f.Encoded()
	f.records = f.encoded[headerBytes:][:len(b.buf)]
	if b.buf, b.count = b.buf[:0], 0; cap(b.buf) > keptBytesMax {
		b.buf = nil
	}
	return f
}
