package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReloadCommandCanBeTypedAsItIs(t *testing.T) {
	for dir, want := range map[string]string{
		"/var/lib/atoll": "atoll reload /var/lib/atoll",
		"/my data/it's":  `atoll reload '/my data/it'\''s'`,
	} {
		if got := ReloadCommand(dir); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}

func TestHoldTakesOnlyDirectoriesOfStoresThatNobodyUses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := Hold(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory without a store: %v", err)
	}
	db, err := Open(Options{Dir: dir})
	check(t, err)
	var used *InUseError
	if _, err := Hold(dir); !errors.As(err, &used) || used.PID != os.Getpid() {
		t.Errorf("a store in use: %v", err)
	}
	check(t, db.Close())
	hold, err := Hold(dir)
	check(t, err)
	if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("a store that is held: %v", err)
	}
	check(t, hold.Close())
}
