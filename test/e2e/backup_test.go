package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// manifest is the part of "atoll backup -o json" that tests look at.
type manifest struct {
	Value struct {
		Path    string
		Cluster string
		Updates uint64
		Shards  []struct {
			Digest string
			Cells  uint64
		}
	}
}

// atoll runs the command line and returns what it printed.
func atoll(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "atoll"), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("atoll %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return out, err
}

func backupJSON(t *testing.T, args ...string) (m manifest) {
	t.Helper()
	out, err := atoll(t, append([]string{"-o", "json"}, args...)...)
	ok(t, err)
	ok(t, json.Unmarshal(out, &m))
	if len(m.Value.Shards) != 1 {
		t.Fatalf("%s", out)
	}
	return m
}

// TestBackupUnderLoadRestoresACluster: three regions under load, a backup of one, all of
// them destroyed; the backup is restored into one region, two begin empty, and all three
// hold exactly what the manifest says. Then all three are restored, each under its name.
func TestBackupUnderLoadRestoresACluster(t *testing.T) {
	backups := t.TempDir()
	m, acked := backupUnderLoad(t, backups)
	verified := backupJSON(t, "backup", "verify", m.Value.Path)
	if verified.Value.Shards[0].Digest != m.Value.Shards[0].Digest {
		t.Errorf("verify: %+v, made: %+v", verified, m)
	}
	t.Run("one from the backup, two empty", func(t *testing.T) {
		data := newCluster(t, m.Value.Cluster)
		_, err := atoll(t, "backup", "restore", m.Value.Path, "--data-dir", filepath.Join(data, "us"), "--as", "us/n1")
		ok(t, err)
		holdsTheBackup(t, startIn(t, data, three), m, acked)
	})
	t.Run("each from the backup", func(t *testing.T) {
		data := newCluster(t, m.Value.Cluster)
		for _, r := range three {
			_, err := atoll(t, "backup", "restore", m.Value.Path, "--data-dir", filepath.Join(data, r), "--as", r+"/n1")
			ok(t, err)
		}
		holdsTheBackup(t, startIn(t, data, three), m, acked)
	})
}

// newCluster is a directory for atoll dev, of a cluster that has an id already.
func newCluster(t *testing.T, id string) string {
	data := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(data, "cluster"), []byte(id), 0o600))
	return data
}

// backupUnderLoad makes a backup of eu while all three regions are written, and destroys
// the cluster. acked are members of the set "s" acknowledged by eu before it began.
func backupUnderLoad(t *testing.T, backups string) (m manifest, acked []string) {
	t.Run("backup", func(t *testing.T) {
		c := start(t, three, "ATOLL_BACKUP_DIR="+backups)
		stop := make(chan struct{})
		var load sync.WaitGroup
		l := &ledger{sets: map[string]bool{}}
		for _, r := range three {
			cl := c.at(r)
			for w := range 4 {
				load.Go(func() { l.write(t, cl, fmt.Sprintf("%s%d", r, w), stop) })
			}
		}
		time.Sleep(time.Second)
		l.mu.Lock()
		for member := range l.sets {
			if strings.HasPrefix(member, "eu") {
				acked = append(acked, member)
			}
		}
		l.mu.Unlock()
		m = backupJSON(t, "--addr", c.addr("eu"), "backup", "create", "under-load")
		close(stop)
		load.Wait()
		if m.Value.Path != filepath.Join(backups, "under-load") || len(acked) == 0 {
			t.Fatalf("%+v, %d acked", m, len(acked))
		}
		if _, err := atoll(t, "--addr", c.addr("eu"), "backup", "create", "under-load"); err == nil || !strings.Contains(err.Error(), "exists already") {
			t.Errorf("overwritten: %v", err)
		}
		if _, err := atoll(t, "--addr", c.addr("eu"), "backup", "create", "../x"); err == nil || !strings.Contains(err.Error(), "backup name") {
			t.Errorf("traversal: %v", err)
		}
	})
	return m, acked
}

// holdsTheBackup checks that all regions come to exactly the state of the manifest, and
// take writes after it.
func holdsTheBackup(t *testing.T, c *cluster, m manifest, acked []string) {
	t.Helper()
	c.converge()
	want := fmt.Sprintf("%s/%d ", m.Value.Shards[0].Digest, m.Value.Shards[0].Cells)
	for _, r := range c.regions {
		s, err := c.state(t.Context(), r)
		ok(t, err)
		if s.digest != want {
			t.Errorf("%s: digest %s, the manifest says %s", r, s.digest, want)
		}
		have := members(t, c.at(r), "s") + " "
		for _, member := range acked {
			if !strings.Contains(have, member+" ") {
				t.Fatalf("%s lacks %s, acknowledged before the backup", r, member)
			}
		}
	}
	for _, r := range c.regions {
		must(c.at(r).Set("s").Add(t.Context(), "new-"+r))(t)
	}
	c.converge()
}

// TestRestoreIntoARunningCluster: a node's directory is replaced by its backup while the
// others go on: nothing acknowledged and replicated is missing, its own later updates come
// back from the others, and everybody converges.
func TestRestoreIntoARunningCluster(t *testing.T) {
	backups := t.TempDir()
	c := start(t, three, "ATOLL_BACKUP_DIR="+backups)
	add := func(r, prefix string) {
		for i := range 200 {
			must(c.at(r).Set("s").Add(t.Context(), fmt.Sprintf("%s-%s-%d", prefix, r, i)))(t)
		}
	}
	for _, r := range three {
		add(r, "before")
	}
	m := backupJSON(t, "--addr", c.addr("eu"), "backup", "create", "b")
	for _, r := range three {
		add(r, "after")
	}
	c.converge()
	c.dev("kill", "eu")
	add("us", "meanwhile")
	ok(t, os.RemoveAll(filepath.Join(c.dir, "eu")))
	_, err := atoll(t, "backup", "restore", m.Value.Path, "--data-dir", filepath.Join(c.dir, "eu"))
	ok(t, err)
	c.dev("start", "eu")
	add("eu", "later")
	c.converge()
	for _, r := range three {
		if n := must(c.at(r).Set("s").Len(t.Context()))(t); n != 200*(3+3+1+1) {
			t.Errorf("%s holds %d members", r, n)
		}
	}
}

// TestRestoreRefusals: what a restore does not do, and what a node does with what it is
// given.
func TestRestoreRefusals(t *testing.T) {
	backups := t.TempDir()
	var m manifest
	t.Run("backup", func(t *testing.T) {
		c := start(t, []string{"eu"}, "ATOLL_BACKUP_DIR="+backups)
		must(c.at("eu").Set("s").Add(t.Context(), "x"))(t)
		m = backupJSON(t, "--addr", c.addr("eu"), "backup", "create", "b")
	})
	t.Run("no directory is set", func(t *testing.T) {
		c := start(t, []string{"eu"})
		if _, err := atoll(t, "--addr", c.addr("eu"), "backup", "create", "b"); err == nil || !strings.Contains(err.Error(), "backup.dir") {
			t.Errorf("got %v", err)
		}
	})
	data := t.TempDir()
	refused := func(want string, args ...string) {
		t.Helper()
		if _, err := atoll(t, append([]string{"backup"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
	refused("not empty", "restore", m.Value.Path, "--data-dir", data+"/..")
	refused("REGION/NODE", "restore", m.Value.Path, "--data-dir", data, "--as", "us")
	refused("already", "restore", m.Value.Path, "--data-dir", data, "--new-cluster", m.Value.Cluster)
	_, err := atoll(t, "backup", "restore", m.Value.Path, "--data-dir", data, "--new-cluster", "other")
	ok(t, err)
	node := exec.Command(filepath.Join(binaries, "atolld"), "--region", "eu", "--cluster", "dev", "--data-dir", data)
	out, err := node.CombinedOutput()
	if node.ProcessState.ExitCode() != 78 || !strings.Contains(string(out), `belongs to cluster "other"`) || !strings.Contains(string(out), "--new-cluster") {
		t.Errorf("a node of another cluster: %v\n%s", err, out)
	}
	ok(t, os.Remove(filepath.Join(m.Value.Path, "MANIFEST")))
	refused("did not finish", "inspect", m.Value.Path)
}
