package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The write-ahead log is made of blocks, these of chunks. A chunk is: checksum u32,
// length u16, kind u8, log number u32, synced offset u64 (little endian), data. The
// synced offset says how much of the log was on disk when the chunk was written.
const (
	walBlock      = 32 << 10
	walHeader     = 19
	walSyncOffset = 11
)

// Kinds of chunks that carry a synced offset: of a record that is one chunk, of the first
// of several, of one in the middle, and of the last.
const (
	walKindFull = iota + 9
	walKindFirstOf
	walKindMiddle
	walKindLast
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checkWAL refuses a newest write-ahead log whose damage Pebble would take for its end:
// acknowledged commits would be dropped without a word. What comes after the damage is
// searched for a proof that something before it, or in it, was durable: a chunk that says
// that the log was on disk beyond the damage, or a mark of a commit that says so of one
// that is lost. The chunks alone do not do: they may say much less than what was synced.
//
// What cannot be told from a torn tail: damage in the commits that were last on their
// way. DB.Mark leaves a proof behind those, too, when nothing follows them.
func checkWAL(fsys vfs.FS, dir string) error {
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !isWAL(n) })
	if len(names) == 0 {
		return nil
	}
	// Names are numbers of six digits or more.
	name := slices.MaxFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	number, err := strconv.ParseUint(strings.TrimSuffix(name, ".log"), 10, 32)
	if err != nil {
		return nil // not one of Pebble's
	}
	f, err := fsys.Open(fsys.PathJoin(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	at, err := damage(f, uint32(number))
	if err == nil && at >= 0 {
		err = &VitalError{Dir: dir, Cause: fmt.Errorf("%w: write-ahead log %s is damaged at offset %d", ErrCorrupt, name, at)}
	}
	return err
}

// damage returns where log is damaged, or -1 when nothing proves damage.
func damage(log io.Reader, number uint32) (int64, error) {
	block, s := make([]byte, walBlock), walScan{number: number, damaged: -1}
	for base := int64(0); ; base += walBlock {
		n, err := io.ReadFull(log, block)
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return -1, err
		}
		if s.block(base, block[:n]) {
			return s.damaged, nil
		}
	}
}

// walScan goes through a log, and on after its first damage.
type walScan struct {
	number  uint32
	damaged int64 // where the first damage, or the end, is; -1 before

	end    []byte // of the record that is being read: enough for a mark
	whole  bool   // the record's begin was read
	before mark   // of the last whole commit before the damage; number 0 is none
	after  mark   // of the first commit that begins after the damage; number 0 is none
}

// block goes through one block of the log; base is its offset. It tells whether damage is
// proved.
func (s *walScan) block(base int64, b []byte) (proved bool) {
	for at := 0; at+walHeader <= len(b); {
		size, synced := chunkAt(b, at, s.number)
		if size == 0 {
			if s.damaged < 0 {
				s.damaged = base + int64(at)
			}
			s.whole = false
			at++
			continue
		}
		if s.chunk(b[at+6], b[at+walHeader:at+size]) || s.damaged >= 0 && synced > uint64(s.damaged) {
			return true
		}
		at += size
	}
	return false
}

// chunk takes the next valid chunk. It tells whether a commit that is lost was durable.
func (s *walScan) chunk(kind byte, data []byte) (proved bool) {
	if first := kind == walKindFull || kind == walKindFirstOf; first {
		s.end, s.whole = s.end[:0], true
	}
	s.end = append(s.end, data[max(0, len(data)-markBytes):]...)
	if kind == walKindFirstOf || kind == walKindMiddle {
		return false
	}
	m, marked := markAt(s.end)
	switch {
	case !marked || !s.whole:
		return false
	case s.damaged < 0:
		s.before = m
		return false
	case s.after.number == 0:
		s.after = m
	}
	lost := s.before.number + 1
	if s.before.number == 0 {
		lost = s.after.number - 1 // it lies before the first that begins after the damage
	}
	return lost > 0 && m.durable >= lost
}

// chunkAt returns the size of the valid chunk of the log at b[at:], or 0, and how much
// of the log it says was synced.
func chunkAt(b []byte, at int, number uint32) (size int, synced uint64) {
	b = b[at:]
	if len(b) < walHeader || b[6] < walKindFull || b[6] > walKindLast {
		return 0, 0
	}
	size = walHeader + int(binary.LittleEndian.Uint16(b[4:]))
	if size > len(b) || binary.LittleEndian.Uint32(b[7:]) != number {
		return 0, 0
	}
	// Pebble rotates the checksum and adds a constant.
	sum := crc32.Checksum(b[6:size], castagnoli)
	if sum>>15|sum<<17 != binary.LittleEndian.Uint32(b)-0xa282ead8 {
		return 0, 0
	}
	return size, binary.LittleEndian.Uint64(b[walSyncOffset:])
}
