package store

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Damage is a range of keys of which bytes on disk are not what was written. Nothing
// of the range is served until it was replaced.
type Damage struct {
	// File is the name of the file, empty when only the content of a key gave it away.
	File string
	// Offset is where the first damaged block of the file begins, -1 when not known.
	Offset int64
	// Lo and Hi bound the keys: Lo ≤ key < Hi.
	Lo, Hi []byte
	// Cause says what was wrong.
	Cause string
}

// Place names the file and the offset, for people.
func (d Damage) Place() string {
	switch {
	case d.File == "":
		return "a cell that does not decode"
	case d.Offset < 0:
		return d.File
	default:
		return fmt.Sprintf("%s at offset %d", d.File, d.Offset)
	}
}

// Within returns the part of the range in lo ≤ key < hi, false when there is none.
func (d Damage) Within(lo, hi []byte) (part Damage, ok bool) {
	if !d.overlaps(lo, hi) {
		return Damage{}, false
	}
	if bytes.Compare(d.Lo, lo) < 0 {
		d.Lo = lo
	}
	if bytes.Compare(hi, d.Hi) < 0 {
		d.Hi = hi
	}
	return d, true
}

func (d Damage) overlaps(lo, hi []byte) bool {
	return bytes.Compare(d.Lo, hi) < 0 && bytes.Compare(lo, d.Hi) < 0
}

// DamageError is ErrCorrupt for a read that meets damage known before.
type DamageError struct{ Damage Damage }

// Error names the file and the cause.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrCorrupt, e.Damage.Place(), e.Damage.Cause)
}

// Unwrap returns ErrCorrupt.
func (e *DamageError) Unwrap() error { return ErrCorrupt }

// damaged is what the store knows of its damage.
type damaged struct {
	ranges atomic.Pointer[[]Damage] // what readers see; nil when nothing is damaged

	mu     sync.Mutex
	files  map[string]bool // guarded by mu; reported by Pebble; true once looked into
	queue  []string        // guarded by mu; files to look into
	wake   chan struct{}   // capacity 1
	closed chan struct{}
	once   sync.Once
}

func newDamaged() *damaged {
	return &damaged{files: map[string]bool{}, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (d *damaged) list() []Damage {
	if p := d.ranges.Load(); p != nil {
		return *p
	}
	return nil
}

// at returns the first damage that overlaps lo ≤ key < hi.
func (d *damaged) at(lo, hi []byte) *DamageError {
	for _, x := range d.list() {
		if x.overlaps(lo, hi) {
			return &DamageError{x}
		}
	}
	return nil
}

// holds returns the damage that a key lies in, or nil.
func (d *damaged) holds(key []byte) *DamageError {
	if d.ranges.Load() == nil {
		return nil
	}
	return d.at(key, after(bytes.Clone(key)))
}

// block adds x, joined with what it overlaps; known tells that it lies within what was
// blocked before.
func (d *damaged) block(x Damage) (known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Damage
	for _, old := range d.list() {
		if bytes.Compare(old.Lo, x.Lo) <= 0 && bytes.Compare(x.Hi, old.Hi) <= 0 {
			return true
		}
		if old.overlaps(x.Lo, x.Hi) {
			x = old.join(x)
		} else {
			list = append(list, old)
		}
	}
	list = append(list, x)
	slices.SortFunc(list, func(a, b Damage) int { return bytes.Compare(a.Lo, b.Lo) })
	d.ranges.Store(&list)
	return false
}

// join makes one of two that overlap: they are replaced at once, since a range cannot
// be replaced in a table that does not open.
func (d Damage) join(x Damage) Damage {
	if bytes.Compare(x.Lo, d.Lo) < 0 {
		d.Lo = x.Lo
	}
	if bytes.Compare(d.Hi, x.Hi) < 0 {
		d.Hi = x.Hi
	}
	if d.File == "" {
		d.File, d.Offset, d.Cause = x.File, x.Offset, x.Cause
	}
	return d
}

// lift takes lo ≤ key < hi out of what is blocked.
func (d *damaged) lift(lo, hi []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Damage
	for _, x := range d.list() {
		if !x.overlaps(lo, hi) {
			list = append(list, x)
			continue
		}
		if left := x; bytes.Compare(x.Lo, lo) < 0 {
			left.Hi = bytes.Clone(lo)
			list = append(list, left)
		}
		if right := x; bytes.Compare(hi, x.Hi) < 0 {
			right.Lo = bytes.Clone(hi)
			list = append(list, right)
		}
	}
	if len(list) == 0 {
		d.ranges.Store(nil)
		d.files = map[string]bool{}
		return
	}
	d.ranges.Store(&list)
}

// retryPause is how long a compaction is held back that meets damage which is known:
// Pebble tries it again at once.
const retryPause = 2 * time.Second

// report takes what Pebble found while it read a table.
func (d *damaged) report(i pebble.DataCorruptionInfo) {
	file := filepath.Base(i.Path)
	d.mu.Lock()
	looked, known := d.files[file]
	if !known {
		d.files[file] = false
		d.queue = append(d.queue, file)
	}
	d.mu.Unlock()
	if !looked {
		select {
		case d.wake <- struct{}{}:
		default:
		}
		return
	}
	if !compacting() {
		return
	}
	select {
	case <-time.After(retryPause):
	case <-d.closed:
	}
}

// compacting tells whether the caller runs in a compaction. Pebble does not say, and
// readers must not be held back.
func compacting() bool {
	pc := make([]uintptr, 128)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasSuffix(f.Function, "pebble/v2.(*DB).compact1") {
			return true
		}
	}
	return false
}

// looked notes that a file was looked into: what is damaged of it is blocked.
func (d *damaged) looked(file string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[file] = true
}

// next takes a reported file from the queue.
func (d *damaged) next() (file string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		return "", false
	}
	file, d.queue = d.queue[0], d.queue[1:]
	return file, true
}

func (d *damaged) close() { d.once.Do(func() { close(d.closed) }) }

// Block keeps everybody from reading x until Lift; known tells that it was blocked
// before.
func (db *DB) Block(x Damage) (known bool) { return db.damaged.block(x) }

// Lift ends Block for lo ≤ key < hi.
func (db *DB) Lift(lo, hi []byte) { db.damaged.lift(lo, hi) }

// Damaged returns what is blocked, ascending by key.
func (db *DB) Damaged() []Damage { return slices.Clone(db.damaged.list()) }
