package backup

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/go-cmp/cmp"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testDigest hashes all cells; what they mean does not matter here.
func testDigest(_ context.Context, db *store.DB) ([]Shard, error) {
	heads, err := db.Heads(0)
	if err != nil {
		return nil, err
	}
	it, err := db.Iterate([]byte{store.SpaceData}, []byte{store.SpaceData + 1})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	out := Shard{}
	h := sha256.New()
	for ok := it.First(); ok; ok = it.Next() {
		h.Write(binary.AppendUvarint(nil, uint64(len(it.Key()))))
		h.Write(it.Key())
		h.Write(it.Value())
		out.Cells++
	}
	h.Sum(out.Digest[:0])
	for _, x := range heads {
		out.Heads = append(out.Heads, Head{x.Origin, x.Seq, x.Hash})
	}
	return []Shard{out}, it.Error()
}

// filled opens a store with n updates in it.
func filled(t *testing.T, fsys vfs.FS, dir string, n int) *store.DB {
	t.Helper()
	db, err := store.Open(store.Options{Dir: dir, FS: fsys, CacheBytes: 1 << 20, MemTableBytes: 64 << 10})
	check(t, err)
	b := oplog.NewBuilder(0, 0xa1)
	var seen clock.VersionVector
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		now := clock.MakeTimestamp(int64(1000+i), 0)
		seq := b.Add(now, seen, fmt.Appendf(nil, "update %d", i))
		f := b.Frame()
		value := make([]byte, 2000)
		for j := range value {
			value[j] = byte(rng.Uint32())
		}
		p, err := db.Apply(&store.Commit{
			Cells:  []store.Cell{{Key: append([]byte{store.SpaceData}, fmt.Sprint("key", i%40)...), Value: value}},
			Frames: []*oplog.Frame{f},
			Heads:  []store.Head{{Origin: 0xa1, Seq: seq, Hash: f.Hash, Time: now}},
		})
		check(t, err)
		check(t, p.Durable())
	}
	return db
}

var about = Manifest{Program: "v1", Cluster: "c", Region: "eu", Node: "n1", NodeID: "00ff", Time: time.UnixMilli(1_700_000_000_123).UTC()}

func makeBackup(t *testing.T, fsys vfs.FS, source Source, dir string) *Manifest {
	t.Helper()
	m, err := Create(t.Context(), CreateConfig{FS: fsys, Source: source, Dir: dir, About: about, Digest: testDigest})
	check(t, err)
	return m
}

func TestABackupComesBackAsItWas(t *testing.T) {
	fsys := vfs.NewMem()
	db := filled(t, fsys, "/data", 200)
	defer db.Close()
	want, err := testDigest(t.Context(), db)
	check(t, err)
	var phases []string
	m, err := Create(t.Context(), CreateConfig{FS: fsys, Source: db, Dir: "/backups/monday", About: about, Digest: testDigest, Progress: func(p Progress) {
		phases = append(phases, string(p.Phase))
		if p.Done > p.Total && p.Total > 0 {
			t.Errorf("progress %+v", p)
		}
	}})
	check(t, err)
	if d := cmp.Diff(want, m.Shards); d != "" {
		t.Error(d)
	}
	if all := strings.Join(phases, " "); !strings.Contains(all, "checkpoint copy") || !strings.Contains(all, "copy digest") {
		t.Errorf("phases: %s", all)
	}
	got, err := Verify(t.Context(), fsys, "/backups/monday", testDigest, nil)
	check(t, err)
	if d := cmp.Diff(m, got); d != "" {
		t.Error(d)
	}
	if _, err := Create(t.Context(), CreateConfig{FS: fsys, Source: db, Dir: "/backups/monday", About: about, Digest: testDigest}); !errors.Is(err, ErrExists) {
		t.Errorf("a second one: %v", err)
	}
	finished := ""
	_, err = Restore(t.Context(), fsys, "/backups/monday", "/new", func(dir string) error {
		finished = dir
		if _, err := store.Open(store.Options{Dir: dir, FS: fsys}); err == nil {
			t.Error("a node could start on a restore that has not finished")
		}
		return nil
	}, nil)
	check(t, err)
	if finished != "/new" {
		t.Errorf("finish was called with %q", finished)
	}
	back, err := store.Open(store.Options{Dir: "/new", FS: fsys})
	check(t, err)
	restored, err := testDigest(t.Context(), back)
	check(t, err)
	check(t, back.Close())
	if d := cmp.Diff(want, restored); d != "" {
		t.Error(d)
	}
	if _, err := Restore(t.Context(), fsys, "/backups/monday", "/new", nil, nil); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a second restore: %v", err)
	}
}

// edit changes a file.
func edit(t *testing.T, fsys vfs.FS, path string, change func([]byte) []byte) {
	t.Helper()
	f, err := fsys.Open(path)
	check(t, err)
	b, err := io.ReadAll(f)
	check(t, err)
	check(t, f.Close())
	f, err = fsys.Create(path, vfs.WriteCategoryUnspecified)
	check(t, err)
	_, err = f.Write(change(b))
	check(t, err)
	check(t, f.Close())
}

// TestEveryFlippedByteIsFoundAndNamed: in every file of a backup, at several places.
func TestEveryFlippedByteIsFoundAndNamed(t *testing.T) {
	fsys := vfs.NewMem()
	db := filled(t, fsys, "/data", 100)
	m := makeBackup(t, fsys, db, "/b")
	check(t, db.Close())
	names := []string{ManifestName}
	for _, f := range m.Files {
		if f.Size > 0 {
			names = append(names, DataName+"/"+f.Name)
		}
	}
	if len(names) < 4 {
		t.Fatalf("only %v", names)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	flips := 0
	for _, name := range names {
		for range 20 {
			at, bit := 0, byte(1)<<rng.IntN(8)
			edit(t, fsys, "/b/"+name, func(b []byte) []byte { at = rng.IntN(len(b)); b[at] ^= bit; return b })
			_, err := Verify(t.Context(), fsys, "/b", testDigest, nil)
			var damage *DamageError
			if !errors.As(err, &damage) || len(damage.Found) != 1 || damage.Found[0].File != name {
				t.Errorf("%s flipped at %d: %v", name, at, err)
			}
			if _, err := Restore(t.Context(), fsys, "/b", "/new", func(string) error { return nil }, nil); !errors.As(err, &damage) {
				t.Errorf("restore with %s flipped at %d: %v", name, at, err)
			}
			if empty, err := isEmpty(fsys, "/new"); err != nil || !empty {
				t.Errorf("a failed restore left something: %v", err)
			}
			edit(t, fsys, "/b/"+name, func(b []byte) []byte { b[at] ^= bit; return b })
			flips++
		}
	}
	if _, err := Verify(t.Context(), fsys, "/b", testDigest, nil); err != nil {
		t.Errorf("flipped back: %v", err)
	}
	t.Logf("%d flips in %d files", flips, len(names))
}

func TestWhatElseIsWrongIsNamed(t *testing.T) {
	fsys := vfs.NewMem()
	db := filled(t, fsys, "/data", 100)
	m := makeBackup(t, fsys, db, "/b")
	check(t, db.Close())
	some := m.Files[len(m.Files)/2].Name
	verify := func(want ...string) {
		t.Helper()
		_, err := Verify(t.Context(), fsys, "/b", testDigest, nil)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("got %v, want %q", err, w)
			}
		}
	}
	check(t, fsys.Rename("/b/data/"+some, "/b/data/other"))
	verify(some+": missing", "other: not a file")
	check(t, fsys.Rename("/b/data/other", "/b/data/"+some))
	for _, f := range m.Files {
		if f.Size > 10 {
			edit(t, fsys, "/b/data/"+f.Name, func(b []byte) []byte { return b[:len(b)-1] })
			verify(fmt.Sprintf("%s: %d bytes, not %d", f.Name, f.Size-1, f.Size))
			break
		}
	}
	// A manifest that fits its own checksum and describes another state.
	check(t, fsys.RemoveAll("/b"))
	db = filled(t, fsys, "/data2", 50)
	m = makeBackup(t, fsys, db, "/b")
	check(t, db.Close())
	m.Shards[0].Heads[0].Seq++
	check(t, writeFile(fsys, "/b", ManifestName, m.Encode()))
	verify("vector or digest are not those of the manifest")
	check(t, fsys.Remove("/b/"+ManifestName))
	if _, err := Read(fsys, "/b"); !errors.Is(err, ErrIncomplete) {
		t.Errorf("without manifest: %v", err)
	}
	if _, err := Read(fsys, "/nowhere"); err == nil || errors.Is(err, ErrIncomplete) {
		t.Errorf("without directory: %v", err)
	}
}

// TestABackupThatFailsLeavesNothing: whatever operation fails, the directory of the
// backup is gone, or after a loss of power has no manifest, and the node lives.
func TestABackupThatFailsLeavesNothing(t *testing.T) {
	disk := vfs.NewCrashableMem()
	var armed atomic.Bool
	var nth, seen atomic.Int64
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if armed.Load() && strings.HasPrefix(op.Path, "/backups") && op.Kind != errorfs.OpRemoveAll && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && seen.Add(1) == nth.Load() {
			return syscall.ENOSPC
		}
		return nil
	}))
	db := filled(t, fsys, "/data", 30)
	defer db.Close()
	check(t, store.MakeDir(fsys, "/backups"))
	for n := int64(1); ; n++ {
		nth.Store(n)
		seen.Store(0)
		armed.Store(true)
		_, err := Create(t.Context(), CreateConfig{FS: fsys, Source: db, Dir: "/backups/b", About: about, Digest: testDigest})
		armed.Store(false)
		check(t, db.Alive())
		if err == nil {
			if n < 8 {
				t.Errorf("only %d operations", n)
			}
			break
		}
		if empty, err := isEmpty(fsys, "/backups"); err != nil || !empty {
			t.Fatalf("operation %d left something (%v)", n, err)
		}
	}
	after := disk.CrashClone(vfs.CrashCloneCfg{})
	if _, err := Verify(t.Context(), after, "/backups/b", testDigest, nil); err != nil {
		t.Errorf("a finished backup after a loss of power: %v", err)
	}
}

// TestABackupCutShortIsRecognised: the manifest comes last, after a loss of power too.
func TestABackupCutShortIsRecognised(t *testing.T) {
	disk := vfs.NewCrashableMem()
	var mu sync.Mutex // Pebble writes in the background, too
	var pictures []*vfs.MemFS
	rng := rand.New(rand.NewPCG(7, 8))
	var armed atomic.Bool
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if armed.Load() && strings.HasPrefix(op.Path, "/backups") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			mu.Lock()
			defer mu.Unlock()
			for _, percent := range []int{0, 50, 100} {
				pictures = append(pictures, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))
			}
		}
		return nil
	}))
	db := filled(t, fsys, "/data", 30)
	armed.Store(true)
	makeBackup(t, fsys, db, "/backups/b")
	armed.Store(false)
	check(t, db.Close())
	whole := 0
	for i, p := range pictures {
		m, err := Verify(t.Context(), p, "/backups/b", testDigest, nil)
		if err == nil {
			whole++
			continue
		}
		if m != nil {
			t.Errorf("picture %d has a manifest and is not whole: %v", i, err)
		}
	}
	t.Logf("%d crashes, %d after the manifest", len(pictures), whole)
}

func TestABackupEndsWithItsContext(t *testing.T) {
	fsys := vfs.NewMem()
	db := filled(t, fsys, "/data", 50)
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Create(ctx, CreateConfig{FS: fsys, Source: db, Dir: "/backups/b", About: about, Digest: testDigest, Progress: func(p Progress) {
		if p.Phase == PhaseCopy && p.Done > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if empty, err := isEmpty(fsys, "/backups"); err != nil || !empty {
		t.Errorf("something is left: %v", err)
	}
}
