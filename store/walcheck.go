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
	walKindFirst  = 9 // kinds of chunks that carry a synced offset
	walKindLast   = 12
	walSyncOffset = 11
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checkWAL refuses a newest write-ahead log whose damage Pebble would take for its end.
// Pebble looks for later chunks only in the blocks after the damaged one. The last
// block of the log has none: up to 32 KiB of acknowledged commits would be dropped
// without a word. So the rest of the damaged block is searched here: a chunk that says
// that the log was on disk beyond the damage proves that it is damage.
//
// What cannot be told from a torn tail: damage in the last commit of the log.
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
		err = fmt.Errorf("%w: write-ahead log %s is damaged at offset %d", ErrCorrupt, name, at)
	}
	return err
}

// damage returns where log is damaged, or -1 when nothing proves damage.
func damage(log io.Reader, number uint32) (int64, error) {
	block := make([]byte, walBlock)
	for base := int64(0); ; base += walBlock {
		n, err := io.ReadFull(log, block)
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return -1, err
		}
		end := wholeChunks(block[:n], number)
		if n-end < walHeader {
			continue
		}
		for at := end + 1; at+walHeader <= n; at++ {
			size, synced := chunkAt(block[:n], at, number)
			if size > 0 && synced > uint64(base)+uint64(end) {
				return base + int64(end), nil
			}
		}
		return -1, nil
	}
}

// wholeChunks returns the length of the valid chunks that b begins with.
func wholeChunks(b []byte, number uint32) int {
	at := 0
	for {
		size, _ := chunkAt(b, at, number)
		if size == 0 {
			return at
		}
		at += size
	}
}

// chunkAt returns the size of the valid chunk of the log at b[at:], or 0, and how much
// of the log it says was synced.
func chunkAt(b []byte, at int, number uint32) (size int, synced uint64) {
	b = b[at:]
	if len(b) < walHeader || b[6] < walKindFirst || b[6] > walKindLast {
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
