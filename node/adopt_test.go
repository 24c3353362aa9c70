package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/backup"
)

func TestParseOwner(t *testing.T) {
	for _, bad := range [][2]string{{"eu", ""}, {"/n1", ""}, {"eu/", ""}, {"EU/n1", ""}, {"eu/n1/x", ""}, {"", "a b"}} {
		if o, err := ParseOwner(bad[0], bad[1]); err == nil {
			t.Errorf("%q: %+v", bad, o)
		}
	}
	if o, err := ParseOwner("eu/n2", "c"); err != nil || o != (Owner{"c", "eu", "n2"}) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := ParseOwner("", ""); err != nil || o != (Owner{}) {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestARestoredNodeIsItsNewOwners: the data is there, under another name and another id,
// and the backup is only for whom it is made.
func TestARestoredNodeIsItsNewOwners(t *testing.T) {
	cfg := testConfig(t, "eu")
	cfg.Backup.Dir = filepath.Join(t.TempDir(), "made", "when needed")
	n := launch(t, cfg)
	n.do(t, set("k", "v"))
	b := &backups{n: n.Node}
	path, m, err := b.Create(t.Context(), "one", func(backup.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/x", "one ", "-x", strings.Repeat("x", 200), "one"} {
		if _, _, err := b.Create(t.Context(), name, func(backup.Progress) {}); err == nil {
			t.Errorf("made a backup %q", name)
		}
	}
	if d, err := n.shard.Digest(t.Context()); err != nil || backup.Sum(d.Sum) != m.Shards[0].Digest {
		t.Errorf("digest %x, the manifest says %s (%v)", d.Sum, m.Shards[0].Digest, err)
	}
	mine := n.identity
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	other := testConfig(t, "us")
	other.Node, other.Cluster = "n7", "elsewhere"
	other.DataDir = filepath.Join(t.TempDir(), "data")
	_, err = backup.Restore(context.Background(), nil, path, other.DataDir, func(dir string) error {
		got, err := Adopt(dir, Owner{Cluster: "elsewhere", Region: "us", Node: "n7"})
		if want := (Owner{"elsewhere", "us", "n7"}); got != want {
			t.Errorf("adopted by %+v", got)
		}
		return err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	restored := launch(t, other)
	if v := restored.get(t, "k"); v != "v" {
		t.Errorf("k = %q", v)
	}
	if restored.identity.ID == mine.ID || restored.identity.ID == "" {
		t.Errorf("id %q, of the original %q", restored.identity.ID, mine.ID)
	}
	before := n.shard.Stats().Origin
	restored.do(t, command.Incr{Key: []byte("n"), Delta: 1})
	if o := restored.shard.Stats().Origin; o == before || o == 0 {
		t.Errorf("origin %v, of the original %v", o, before)
	}
}

func TestABackupIsNotMadeInTheDataDirectory(t *testing.T) {
	cfg := testConfig(t, "eu")
	for _, dir := range []string{cfg.DataDir, cfg.DataDir + "/x", cfg.DataDir + "/../" + filepath.Base(cfg.DataDir) + "/y"} {
		cfg.Backup.Dir = dir
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "backup.dir") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	cfg.Backup.Dir = cfg.DataDir + "-backups"
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	cfg.Backup.Dir = ""
	n := launch(t, cfg)
	if _, _, err := (&backups{n: n.Node}).Create(t.Context(), "x", nil); err == nil || !strings.Contains(err.Error(), "backup.dir is not set") {
		t.Errorf("got %v", err)
	}
	if names, err := os.ReadDir(cfg.DataDir); err != nil || len(names) == 0 {
		t.Errorf("%v, %v", names, err)
	}
}
