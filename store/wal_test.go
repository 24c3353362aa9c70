package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leftWAL copies the directory of a store as a kill would leave it, after n commits,
// and returns its newest write-ahead log.
func leftWAL(t *testing.T, commits []*Commit) (dir, wal string) {
	t.Helper()
	live := t.TempDir()
	db := mustOpen(t, Options{Dir: live, CacheBytes: 1 << 20})
	for _, c := range commits {
		check(t, mustApply(t, db, c).Durable())
	}
	check(t, db.Mark())
	dir = filepath.Join(t.TempDir(), "copy")
	check(t, os.CopyFS(dir, os.DirFS(live)))
	check(t, db.Close())
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	check(t, err)
	return dir, slices.Max(logs)
}

// reopenCut opens a copy of dir whose log holds b, and returns how many commits it has.
func reopenWith(t *testing.T, dir, wal string, b []byte, states []*twin) (commits int, err error) {
	t.Helper()
	again := filepath.Join(t.TempDir(), "again")
	check(t, os.CopyFS(again, os.DirFS(dir)))
	check(t, os.WriteFile(filepath.Join(again, filepath.Base(wal)), b, 0o600))
	db, err := Open(Options{Dir: again, CacheBytes: 1 << 20})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	last, err := db.Get(append([]byte{SpaceData}, "last"...))
	check(t, err)
	if last != nil {
		fmt.Sscan(string(last), &commits)
		commits++
	}
	if d := states[commits].differs(db); d != "" {
		t.Errorf("%d commits: %s", commits, d)
	}
	return commits, nil
}

func TestATornLogTailIsCutAtTheLastWholeCommit(t *testing.T) {
	commits := script(12, 300)
	states := statesOf(commits)
	dir, wal := leftWAL(t, commits)
	whole, err := os.ReadFile(wal)
	check(t, err)
	size := len(whole)
	for size > 0 && whole[size-1] == 0 { // preallocated space
		size--
	}
	reached := map[int]bool{}
	for cut := size; cut > size-900; cut -= 13 {
		torn := append(slices.Clone(whole[:cut]), make([]byte, 500)...)
		for _, b := range [][]byte{whole[:cut], torn} {
			n, err := reopenWith(t, dir, wal, b, states)
			if err != nil {
				t.Fatalf("cut at %d of %d: %v", cut, size, err)
			}
			reached[n] = true
		}
	}
	if len(reached) < 2 || !reached[12] {
		t.Errorf("cuts reached %v", reached)
	}
}

func TestDamageInsideALogIsRefusedNamingTheFile(t *testing.T) {
	commits := script(12, 300)
	dir, wal := leftWAL(t, commits)
	whole, err := os.ReadFile(wal)
	check(t, err)
	states := statesOf(commits)
	for at := 30; at < 1200; at += 97 {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		n, err := reopenWith(t, dir, wal, b, states)
		if err == nil {
			t.Errorf("flip at %d: opened with %d commits of 12", at, n)
			continue
		}
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(wal)) {
			t.Errorf("flip at %d: %v", at, err)
		}
	}
}

// TestDamageBetweenLargeCommitsIsRefused: commits of many blocks, of which a log's own chunks
// say far less than what was on disk. One flipped byte anywhere is refused, or nothing is lost.
func TestDamageBetweenLargeCommitsIsRefused(t *testing.T) {
	commits := script(30, 100_000)
	dir, wal := leftWAL(t, commits)
	whole, err := os.ReadFile(wal)
	check(t, err)
	states := statesOf(commits)
	refused := 0
	for at := 3; at < len(whole); at += len(whole)/100 + 1 {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		n, err := reopenWith(t, dir, wal, b, states)
		switch {
		case errors.Is(err, ErrCorrupt):
			refused++
		case err != nil:
			t.Errorf("flip at %d: %v", at, err)
		case n != len(commits):
			t.Errorf("flip at %d of %d: opened with %d commits of %d", at, len(whole), n, len(commits))
		}
	}
	if refused < 50 {
		t.Errorf("%d of 100 flips were refused", refused)
	}
}

// TestMarks: what ends a record is read again, and nothing else.
func TestMarks(t *testing.T) {
	want := mark{number: 1 << 40, durable: 7}
	b := want.append([]byte("batch"))
	if got, ok := markAt(b); !ok || got != want {
		t.Errorf("%v, %v", got, ok)
	}
	for _, other := range [][]byte{nil, b[:len(b)-1], b[len(b)-markBytes+1:], append(b, 0)} {
		if m, ok := markAt(other); ok {
			t.Errorf("%x is read as %v", other, m)
		}
	}
}
