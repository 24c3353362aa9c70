package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A manifest is made of blocks of chunks like a write-ahead log, but a chunk is:
// checksum u32, length u16, kind u8 (little endian), data.
const (
	manifestHeader  = 7
	manifestKindMax = 4
	sector          = 512
)

// checkManifest refuses a manifest whose damage Pebble would take for its end: it would
// open an older state, without the tables and logs that were made since.
//
// A record that was being written when power was lost is torn: sectors of it are missing
// or zero. Anything else that does not match its checksum is damage. What cannot be told
// apart: a changed length in the last record.
func checkManifest(fsys vfs.FS, dir string) error {
	found, err := pebble.Peek(dir, fsys)
	if err != nil || !found.Exists {
		return err
	}
	f, err := fsys.Open(found.ManifestFilename)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, manifestBytesMax))
	if err != nil {
		return err
	}
	if at := manifestDamage(b); at >= 0 {
		name := fsys.PathBase(found.ManifestFilename)
		return &VitalError{Dir: dir, Cause: fmt.Errorf("%w: %s is damaged at offset %d", ErrCorrupt, name, at)}
	}
	return nil
}

// manifestBytesMax is more than Pebble lets a manifest grow to.
const manifestBytesMax = 1 << 30

// manifestDamage returns where the manifest is damaged, or -1.
func manifestDamage(b []byte) int {
	at := 0
	for at < len(b) {
		if left := walBlock - at%walBlock; left < manifestHeader {
			at += left // too little for a chunk: not used
			continue
		}
		size := manifestChunk(b, at)
		if size == 0 {
			break
		}
		at += size
	}
	if at >= len(b) {
		return -1
	}
	// Something whole behind it proves damage.
	for later := at + 1; later+manifestHeader <= len(b); later++ {
		if manifestChunk(b, later) > 0 {
			return at
		}
	}
	if torn(b, at) {
		return -1
	}
	return at
}

// manifestChunk returns the size of the valid chunk at b[at:], or 0.
func manifestChunk(b []byte, at int) int {
	if at+manifestHeader > len(b) {
		return 0
	}
	kind := b[at+6]
	size := manifestHeader + int(binary.LittleEndian.Uint16(b[at+4:]))
	if kind == 0 || kind > manifestKindMax || at+size > len(b) || at%walBlock+size > walBlock {
		return 0
	}
	sum := crc32.Checksum(b[at+6:at+size], castagnoli)
	if sum>>15|sum<<17 != binary.LittleEndian.Uint32(b[at:])-0xa282ead8 {
		return 0
	}
	return size
}

// torn reports whether the chunk at b[at:], the last one, looks like one that was cut off.
func torn(b []byte, at int) bool {
	if at+manifestHeader > len(b) {
		return true
	}
	end := at + manifestHeader + int(binary.LittleEndian.Uint16(b[at+4:]))
	if end > len(b) {
		return true
	}
	for at < end {
		next := min(at-at%sector+sector, end)
		if allZero(b[at:next]) {
			return true
		}
		at = next
	}
	return false
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
