package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// metas reads the records of a stopped node's directory that reload is about.
func metas(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	db, err := store.OpenReadOnly(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string][]byte{}
	for _, name := range []string{metaIdentity, metaMembers, metaRoll, metaLoad} {
		if all[name], err = db.Meta(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// stoppedMember returns the directory of a node that knew others and had data.
func stoppedMember(t *testing.T) string {
	t.Helper()
	us, eu := testConfig(t, "us"), testConfig(t, "eu")
	eu.Gossip.Join = []string{us.Gossip.Listen}
	a, b := launch(t, us), launch(t, eu)
	if _, err := a.shard.Execute(t.Context(), command.Set{Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other one has it", func() bool {
		r, err := b.shard.Read(t.Context(), command.Get{Key: []byte("k")})
		return err == nil && r.Found
	})
	eventually(t, "it has remembered the other one", func() bool {
		known, err := b.db.Meta(metaMembers)
		roll, err2 := b.db.Meta(metaRoll)
		return errors.Join(err, err2) == nil && bytes.Contains(known, []byte("us")) && roll != nil
	})
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	return eu.DataDir
}

// TestReloadKeepsWhoItIsAndForgetsWhatItWrote: a fresh id, since the old one may have written; the
// same names and members; no data; and it waits for the peers' data.
func TestReloadKeepsWhoItIsAndForgetsWhatItWrote(t *testing.T) {
	dir := stoppedMember(t)
	old := metas(t, dir)
	r, err := PrepareReload(dir)
	if err != nil || r.Unreadable != nil {
		t.Fatal(err, r.Unreadable)
	}
	if r.Owner != (Owner{"atoll", "eu", "n1"}) || !slices.Contains(r.Members, "us/n1") {
		t.Errorf("owner %v, members %v", r.Owner, r.Members)
	}
	if err := errors.Join(r.Do(), r.Close()); err != nil {
		t.Fatal(err)
	}
	fresh := metas(t, dir)
	was, err1 := decodeIdentity(old[metaIdentity])
	is, err2 := decodeIdentity(fresh[metaIdentity])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if is.ID == was.ID || is.Cluster != was.Cluster || is.Region != was.Region || is.Node != was.Node {
		t.Errorf("identity %+v became %+v", was, is)
	}
	if !bytes.Equal(fresh[metaMembers], old[metaMembers]) || !bytes.Equal(fresh[metaRoll], old[metaRoll]) {
		t.Error("members or what was decided about them is not kept")
	}
	if string(fresh[metaLoad]) != loadAgain {
		t.Errorf("load state %q", fresh[metaLoad])
	}
	if aside := metas(t, r.Aside); !bytes.Equal(aside[metaIdentity], old[metaIdentity]) {
		t.Error("the old directory is not aside as it was")
	}
	db, err := store.OpenReadOnly(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if heads, err := db.Heads(0); err != nil || len(heads) > 0 {
		t.Errorf("heads %v, %v", heads, err)
	}
}

// TestAReloadedNodeWaitsForItsPeersData, also when it may bootstrap and reaches nobody.
func TestAReloadedNodeWaitsForItsPeersData(t *testing.T) {
	dir := stoppedMember(t)
	r, err := PrepareReload(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Do(), r.Close()); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, "eu")
	cfg.DataDir, cfg.Bootstrap = dir, true
	n := launch(t, cfg)
	if err := n.loading.refusal(); err == nil {
		t.Error("it serves although it has nothing")
	}
}

func TestReloadLeavesAHeldDirectoryAlone(t *testing.T) {
	cfg := testConfig(t, "us")
	launch(t, cfg)
	if _, err := PrepareReload(cfg.DataDir); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a running node's directory: %v", err)
	}
}

// TestReloadOfWhatCannotBeRead keeps nothing, says so, and still moves the directory aside.
func TestReloadOfWhatCannotBeRead(t *testing.T) {
	cfg := testConfig(t, "us")
	if err := launch(t, cfg).stop(); err != nil {
		t.Fatal(err)
	}
	dir := cfg.DataDir
	manifests, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	for _, m := range manifests {
		if err := os.WriteFile(m, []byte("nonsense\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := PrepareReload(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Unreadable == nil || r.Owner != (Owner{}) {
		t.Errorf("read %v of nonsense, %v", r.Owner, r.Unreadable)
	}
	if err := errors.Join(r.Do(), r.Close()); err != nil {
		t.Fatal(err)
	}
	if got := metas(t, dir); got[metaIdentity] != nil || string(got[metaLoad]) != loadAgain {
		t.Errorf("fresh directory has %q", got)
	}
	if _, err := os.Stat(filepath.Join(r.Aside, filepath.Base(manifests[0]))); err != nil {
		t.Error(err)
	}
}
