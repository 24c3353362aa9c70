package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAViewDoesNotChange(t *testing.T) {
	db := mustOpen(t, Options{Dir: "/atoll", FS: vfs.NewMem()})
	defer db.Close()
	key := func(b byte) []byte { return []byte{SpaceData, b} }
	mustApply(t, db, &Commit{Cells: []Cell{{key(1), []byte("old")}, {key(2), []byte{}}, {key(4), []byte("x")}}})
	v := db.View()
	defer v.Close()
	mustApply(t, db, &Commit{Cells: []Cell{{key(1), []byte("new")}, {key(2), nil}, {key(3), []byte("y")}}})
	expect := func(r Reader, k byte, want string, present bool) {
		t.Helper()
		got, err := r.Get(key(k))
		if err != nil || string(got) != want || (got != nil) != present {
			t.Errorf("key %d: %q, %v, %v", k, got, got != nil, err)
		}
	}
	expect(v, 1, "old", true)
	expect(v, 2, "", true) // an empty value is not an absent one
	expect(v, 3, "", false)
	expect(db, 1, "new", true)
	expect(db, 2, "", false)
	for r, want := range map[Reader]string{v: "\x02\x04", db: "\x03\x04"} {
		it, err := r.Iterate(key(2), key(5))
		check(t, err)
		var got []byte
		for ok := it.First(); ok; ok = it.Next() {
			got = append(got, it.Key()[1])
		}
		check(t, it.Close())
		if string(got) != want {
			t.Errorf("iterated %x, want %x", got, want)
		}
	}
}

func TestMetaIsDurableOnReturn(t *testing.T) {
	for _, mode := range []FsyncMode{FsyncAlways, FsyncInterval} {
		fs := vfs.NewCrashableMem()
		opts := Options{Dir: "/atoll", FS: fs, Fsync: mode, FsyncInterval: 1 << 40}
		db := mustOpen(t, opts)
		check(t, db.SetMeta("kept", []byte("yes")))
		check(t, db.SetMeta("gone", []byte("yes")))
		check(t, db.SetMeta("gone", nil))
		opts.FS = fs.CrashClone(vfs.CrashCloneCfg{})
		check(t, db.Close())
		db = mustOpen(t, opts)
		kept, err := db.Meta("kept")
		check(t, err)
		gone, err := db.Meta("gone")
		check(t, err)
		if string(kept) != "yes" || gone != nil {
			t.Errorf("mode %d: kept %q, gone %q", mode, kept, gone)
		}
		check(t, db.Close())
	}
}
