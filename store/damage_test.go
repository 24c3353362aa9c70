package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// damageOptions makes a store of many small tables, with a cache that holds nothing.
func damageOptions(fs vfs.FS, w *witness) Options {
	return Options{Dir: "data", FS: fs, MemTableBytes: 64 << 10, CacheBytes: 1, tableBytes: 64 << 10, Events: Events{
		Damaged:    w.damaged,
		Background: func(error) {},
	}}
}

// witness takes down what was reported.
type witness struct {
	mu   sync.Mutex
	seen []Damage // guarded by mu
}

func (w *witness) damaged(d Damage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, d)
}

func (w *witness) all() []Damage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

// wide is a script with many cells a commit.
func wide(n int) []*Commit {
	commits := script(n, 300)
	rng := rand.New(rand.NewPCG(7, 8))
	for i, c := range commits {
		for j := range 20 {
			key := fmt.Appendf([]byte{SpaceData}, "key%04d", (i*20+j*37)%3000)
			value := make([]byte, 150)
			for k := range value {
				value[k] = byte(rng.Uint32())
			}
			c.Cells = append(c.Cells, Cell{Key: key, Value: value})
		}
	}
	return commits
}

// written returns a file system with a closed store of many tables, and what is in it.
func written(t *testing.T) (*vfs.MemFS, *twin) {
	t.Helper()
	fs := vfs.NewMem()
	db := mustOpen(t, damageOptions(fs, &witness{}))
	w := newTwin()
	for _, c := range wide(300) {
		check(t, mustApply(t, db, c).Durable())
		w.apply(c)
	}
	check(t, db.SetMeta("name", []byte("value")))
	check(t, db.pebble.Flush())
	check(t, db.Close())
	// The next open writes the rest of the write-ahead log to tables.
	check(t, mustOpen(t, damageOptions(fs, &witness{})).Close())
	return fs, w
}

// flip changes one byte of a file.
func flip(t *testing.T, fs vfs.FS, path string, at int64, mask byte) {
	t.Helper()
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	check(t, err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	check(t, err)
	b[0] ^= mask
	_, err = f.WriteAt(b, at)
	check(t, err)
	check(t, f.Close())
}

func clone(t *testing.T, fs *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	ok, err := vfs.Clone(fs, to, "data", "data")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return to
}

// tablesOf lists the tables that are in use.
func tablesOf(t *testing.T, fs *vfs.MemFS) []table {
	t.Helper()
	db := mustOpen(t, damageOptions(clone(t, fs), &witness{}))
	tables, err := db.tables()
	check(t, err)
	check(t, db.Close())
	return tables
}

// lies returns what a read tells that the twin does not have: errors are no lies.
func (t *twin) lies(db *DB) string {
	for key, want := range t.cells {
		got, err := db.Get([]byte(key))
		if err == nil && string(got) != want {
			return fmt.Sprintf("%q: %.30q, want %.30q", key, got, want)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return fmt.Sprintf("%q: %v", key, err)
		}
	}
	there := t.walkLies(db, Iterator.First, Iterator.Next)
	if there == "" {
		there = t.walkLies(db, Iterator.Last, Iterator.Prev)
	}
	return there
}

// walkLies is lies of a walk over all cells, there or back.
func (t *twin) walkLies(db *DB, begin, on func(Iterator) bool) string {
	it, err := db.Iterate([]byte{SpaceData}, []byte{SpaceData + 1})
	if err != nil {
		if errors.Is(err, ErrCorrupt) {
			return ""
		}
		return err.Error()
	}
	defer it.Close()
	n := 0
	for ok := begin(it); ok; ok = on(it) {
		if n++; t.cells[string(it.Key())] != string(it.Value()) {
			return fmt.Sprintf("iterator: %q", it.Key())
		}
	}
	if err := it.Error(); err == nil && n != len(t.cells) {
		return fmt.Sprintf("iterator: %d of %d cells, and no error", n, len(t.cells))
	} else if err != nil && !errors.Is(err, ErrCorrupt) {
		return err.Error()
	}
	return ""
}

// heal does what a node does, with the twin for a peer.
func (t *twin) heal(db *DB) error {
	for range 20 {
		list := db.Damaged()
		if len(list) == 0 {
			return nil
		}
		d := list[0]
		err := db.Replace(context.Background(), d.Lo, d.Hi, func(put func(k, v []byte) error) error {
			var keys []string
			for k := range t.cells {
				if k >= string(d.Lo) && k < string(d.Hi) {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			for _, k := range keys {
				if err := put([]byte(k), []byte(t.cells[k])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		db.Lift(d.Lo, d.Hi)
	}
	return fmt.Errorf("still damaged: %v", db.Damaged())
}

// TestOneFlippedByteIsNeverServedAndCanBeReplaced flips a byte anywhere in any table,
// under an open store and under a closed one.
func TestOneFlippedByteIsNeverServedAndCanBeReplaced(t *testing.T) {
	fs, w := written(t)
	tables := tablesOf(t, fs)
	if len(tables) < 5 {
		t.Fatalf("only %d tables", len(tables))
	}
	rounds := 240
	if testing.Short() {
		rounds = 8
	}
	rng := rand.New(rand.NewPCG(5, 6))
	refused := 0
	for i := range rounds {
		x := tables[rng.IntN(len(tables))]
		at := rng.Int64N(x.size)
		if i%3 == 0 { // index, filter, properties and footer are at the end
			at = x.size - 1 - rng.Int64N(min(x.size, 1500))
		}
		mask := byte(1 << rng.IntN(8))
		t.Run(fmt.Sprintf("%s_%d_%02x", x.file, at, mask), func(t *testing.T) {
			if oneFlip(t, clone(t, fs), w, x.file, at, mask, i%2 == 0) {
				refused++
			}
		})
	}
	t.Logf("%d flips, %d refused to open", rounds, refused)
	if refused > rounds/4 {
		t.Errorf("%d of %d stores did not open", refused, rounds)
	}
}

func oneFlip(t *testing.T, fs *vfs.MemFS, w *twin, file string, at int64, mask byte, running bool) (refused bool) {
	path := fs.PathJoin("data", file)
	saw := &witness{}
	if !running {
		flip(t, fs, path, at, mask)
	}
	db, err := Open(damageOptions(fs, saw))
	if err != nil {
		var vital *VitalError
		if running || !errors.As(err, &vital) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "run `"+ReloadCommand("data")+"`") {
			t.Fatalf("open: %v", err)
		}
		return true
	}
	if running {
		flip(t, fs, path, at, mask)
	}
	if lie := w.lies(db); lie != "" {
		t.Error(lie)
	}
	_, err = db.Scrub(context.Background(), 0, nil)
	check(t, err)
	if len(saw.all()) == 0 {
		t.Errorf("not found")
	}
	for _, d := range saw.all() {
		if d.File != file || d.Cause == "" || bytes.Compare(d.Lo, d.Hi) >= 0 {
			t.Errorf("reported %+v", d)
		}
	}
	if lie := w.lies(db); lie != "" {
		t.Error("blocked: ", lie)
	}
	check(t, w.heal(db))
	if d := w.differs(db); d != "" {
		t.Error("healed: ", d)
	}
	if v, err := db.Meta("name"); err != nil || string(v) != "value" {
		t.Errorf("meta: %q, %v", v, err)
	}
	p, err := db.Scrub(context.Background(), 0, nil)
	check(t, err)
	if p.Damaged != 0 {
		t.Errorf("healed, and still damaged: %+v", db.Damaged())
	}
	check(t, db.pebble.Compact(context.Background(), []byte{0}, []byte{0xff}, false))
	check(t, db.Close())
	db = mustOpen(t, damageOptions(fs, saw))
	if d := w.differs(db); d != "" {
		t.Error("opened again: ", d)
	}
	check(t, db.Close())
	return false
}

// TestADamagedManifestIsRefusedAndNamed flips bytes in the files without which no table
// is found: the store opens with everything or says which file, and what to do.
func TestADamagedManifestIsRefusedAndNamed(t *testing.T) {
	fs, w := written(t)
	names, err := fs.List("data")
	check(t, err)
	rng := rand.New(rand.NewPCG(9, 10))
	refused, rounds := map[string]int{}, 40
	if testing.Short() {
		rounds = 4
	}
	for _, name := range names {
		kind, _, _ := strings.Cut(name, "-")
		if kind != "MANIFEST" && kind != "OPTIONS" {
			continue
		}
		info, err := fs.Stat(fs.PathJoin("data", name))
		check(t, err)
		size := info.Size()
		for range rounds {
			disk := clone(t, fs)
			at := rng.Int64N(size)
			flip(t, disk, disk.PathJoin("data", name), at, byte(1<<rng.IntN(8)))
			db, err := Open(damageOptions(disk, &witness{}))
			if err != nil {
				if refused[kind]++; !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), "run `"+ReloadCommand("data")+"`") {
					t.Errorf("%s at %d: %v", name, at, err)
				}
				continue
			}
			if lie := w.lies(db); lie != "" {
				t.Errorf("%s at %d: %s", name, at, lie)
			}
			check(t, db.Close())
		}
	}
	t.Logf("refused: %v", refused)
	if refused["MANIFEST"] == 0 {
		t.Error("no damage of a manifest was noticed")
	}
}

// TestCompactionsDoNotSpinOnDamage: a compaction that cannot read its input fails again
// and again; it must leave room for everything else, and go on once the damage is gone.
func TestCompactionsDoNotSpinOnDamage(t *testing.T) {
	fs, w := vfs.NewMem(), newTwin()
	opts := damageOptions(fs, &witness{})
	opts.MemTableBytes = 4 << 20 // nothing is flushed but by the test
	var failures atomic.Int64
	opts.Events.Background = func(error) { failures.Add(1) }
	db := mustOpen(t, opts)
	write := func(commits []*Commit) {
		for _, c := range commits {
			check(t, mustApply(t, db, c).Durable())
			w.apply(c)
		}
		check(t, db.flush())
	}
	commits := wide(200)
	write(commits[:40])
	tables, err := db.tables()
	check(t, err)
	for _, x := range tables {
		flip(t, fs, fs.PathJoin("data", x.file), x.size/2, 1)
	}
	for i := 40; i < 200; i += 40 {
		write(commits[i : i+40])
	}
	time.Sleep(2 * time.Second)
	if n := failures.Load(); n > 20 { // a spin makes thousands
		t.Errorf("%d compactions failed", n)
	}
	_, err = db.Scrub(context.Background(), 0, nil)
	check(t, err)
	check(t, w.heal(db))
	if d := w.differs(db); d != "" {
		t.Error(d)
	}
	check(t, db.pebble.Compact(context.Background(), []byte{0}, []byte{0xff}, false))
	check(t, db.Close())
}
