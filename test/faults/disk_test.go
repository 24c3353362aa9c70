package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tinyDisk mounts 64 MiB of memory at a directory.
func tinyDisk(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("NOT RUN: mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// diskLeft is what ap has at first: a little more than what its store keeps, 11 MiB, and its
// reserve of 4 MiB.
const diskLeft = 18 << 20

// diskFull: the disk of ap fills up while everybody writes. It refuses new data, and
// reads, deletes, answers operators and merges as far as the reserve allows; then it
// waits, and heals alone.
func diskFull(c *cluster, _ *load) string {
	t, n := c.t, c.nodes[ap]
	filler := filepath.Join(n.dir, "filler")
	var disk syscall.Statfs_t
	if err := syscall.Statfs(n.dir, &disk); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filler, make([]byte, int64(disk.Bfree)*disk.Bsize-diskLeft), 0o600); err != nil {
		t.Fatal(err)
	}
	full := await(t, patience, "ap says that its disk is full", func() bool {
		st, err := n.status()
		return err == nil && strings.Contains(fmt.Sprint(st.GetAlarms()), "is full")
	})
	behind, had := n.peer("us").GetBehindUpdates(), c.heads(ap)
	if err := n.writes(); err == nil || !strings.Contains(err.Error(), "DISKFULL") {
		t.Errorf("a write on a full disk: %v", err)
	}
	// One may be refused while what was let in since the last look at the disk counts as gone.
	await(t, patience, "ap deletes while it is full", func() bool { _, err := n.client.Delete(t.Context(), "probe"); return err == nil })
	c.worksWhenFull(n)
	await(t, patience, "ap merges while it is full", func() bool { return c.heads(ap) > had })
	time.Sleep(lasts(3 * time.Second))
	c.worksWhenFull(n)
	merged, later := c.heads(ap)-had, n.peer("us").GetBehindUpdates()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	again := await(t, bound, "ap takes writes again", func() bool { return n.writes() == nil })
	await(t, patience, "the alarm is over", func() bool {
		st, err := n.status()
		return err == nil && !strings.Contains(fmt.Sprint(st.GetAlarms()), "is full")
	})
	return fmt.Sprintf("; full after %v, then %d updates merged, %d then %d of us behind; writes again %v after space returned",
		full.Round(100*time.Millisecond), merged, behind, later, again.Round(100*time.Millisecond))
}

// worksWhenFull demands reads and answers to operators.
func (c *cluster) worksWhenFull(n *node) {
	c.t.Helper()
	if _, err := n.client.Counter("n").Get(c.t.Context()); err != nil {
		c.t.Errorf("a read on a full disk: %v", err)
	}
	if out, err := n.atoll("status"); err != nil {
		c.t.Errorf("atoll status on a full disk: %v\n%s", err, out)
	}
}

// heads is how many updates a node holds.
func (c *cluster) heads(n int) (updates uint64) {
	c.t.Helper()
	st, err := c.nodes[n].status()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, sh := range st.GetShards() {
		for _, e := range sh.GetVector() {
			updates += e.GetSeq()
		}
	}
	return updates
}
