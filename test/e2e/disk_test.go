package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// tinyDisk mounts 64 MiB of memory at a directory.
func tinyDisk(t *testing.T, dir string) {
	t.Helper()
	ok(t, os.MkdirAll(dir, 0o700))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("mounting needs root (%v): run this test as root. What the store does on a full disk is also tested in package node", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// keyValues remembers what was acknowledged of keys written once.
type keyValues struct {
	mu    sync.Mutex
	acked map[string][]byte // guarded by mu
	n     int               // guarded by mu
}

// put writes a new key of a region and remembers it.
func (k *keyValues) put(t *testing.T, cl *client.Client, name string, size int) error {
	k.mu.Lock()
	k.n++
	key := fmt.Sprintf("%s-%d", name, k.n)
	k.mu.Unlock()
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(rand.Uint32())
	}
	err := cl.Register(key).Set(t.Context(), value)
	if err == nil {
		k.mu.Lock()
		k.acked[key] = value
		k.mu.Unlock()
	}
	return err
}

func (k *keyValues) audit(t *testing.T, c *cluster) {
	t.Helper()
	for key, want := range k.acked {
		for _, r := range c.regions {
			got, err := c.at(r).Register(key).Get(t.Context())
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %s: %d bytes, %v; %d bytes were acknowledged", r, key, len(got), err, len(want))
			}
		}
	}
	t.Logf("%d acknowledged keys are everywhere", len(k.acked))
}

func codeOf(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestAFullDisk: the disk of one region fills up. It refuses new data and goes on reading,
// deleting, merging and answering operators; it starts again on the full disk; and it
// heals alone when space returns. What it acknowledged is everywhere.
func TestAFullDisk(t *testing.T) {
	data := t.TempDir()
	disk := filepath.Join(data, "eu")
	tinyDisk(t, disk)
	c := startIn(t, data, three)
	defer c.showDisk(disk)
	k := &keyValues{acked: map[string][]byte{}}
	ok(t, k.put(t, c.at("eu"), "first", 1000))
	ok(t, os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 36<<20), 0o600))

	fillUp(t, c.at("eu"), k)
	c.fullButAlive(k)
	c.mergesAndDeletes(k)
	c.dev("kill", "eu")
	c.dev("start", "eu")
	c.fullButAlive(k)

	ok(t, os.Remove(filepath.Join(disk, "filler")))
	freed := time.Now()
	eventually(t, "eu takes writes again", func() bool { return k.put(t, c.at("eu"), "healed", 1000) == nil })
	t.Logf("writes go on %v after space returned", time.Since(freed).Round(time.Millisecond))
	eventually(t, "the alarm is over", func() bool { return !alarmed(t, c.at("eu"), "full") })
	c.converge()
	k.audit(t, c)
}

// showDisk helps to see why a test failed.
func (c *cluster) showDisk(dir string) {
	if !c.t.Failed() {
		return
	}
	files, _ := exec.Command("sh", "-c", "df -k "+dir+"; ls -ls "+dir).CombinedOutput() // it is only shown
	log, _ := exec.Command("tail", "-n", "40", dir+".log").CombinedOutput()
	c.t.Logf("%s\n%s", files, log)
}

// fillUp writes from many clients at once until the node says that its disk is full.
func fillUp(t *testing.T, cl *client.Client, k *keyValues) {
	t.Helper()
	var load sync.WaitGroup
	for w := range 8 {
		load.Go(func() {
			for end := time.Now().Add(60 * time.Second); !alarmed(t, cl, "is full"); {
				err := k.put(t, cl, fmt.Sprint("eu", w), 64<<10)
				switch code := codeOf(err); {
				case code == "DISKFULL":
					time.Sleep(10 * time.Millisecond)
				case err != nil:
					t.Errorf("writer %d: %v", w, err)
					return
				}
				if time.Now().After(end) {
					t.Errorf("writer %d: the disk did not fill up", w)
					return
				}
			}
		})
	}
	load.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// fullButAlive checks what goes on in eu though its disk is full.
func (c *cluster) fullButAlive(k *keyValues) {
	t := c.t
	t.Helper()
	eu := c.at("eu")
	eventually(t, "eu has the alarm", func() bool { return alarmed(t, eu, "is full") })
	if code := codeOf(k.put(t, eu, "refused", 64<<10)); code != "DISKFULL" {
		t.Errorf("a write on a full disk: %q", code)
	}
	if _, err := eu.Register("first-1").Get(t.Context()); err != nil {
		t.Errorf("a read on a full disk: %v", err)
	}
}

// mergesAndDeletes checks that what peers send is merged, and keys are deleted, while
// there is space for that; then peers send more than fits: it waits, and nobody dies.
func (c *cluster) mergesAndDeletes(k *keyValues) {
	t := c.t
	t.Helper()
	eu := c.at("eu")
	// A compaction may take the last of it for a moment: then deletions are refused as well, to be tried again.
	eventually(t, "a removal on a full disk", func() bool {
		_, err := eu.Set("nothing").Remove(t.Context(), "x")
		if code := codeOf(err); err != nil && code != "DISKFULL" {
			t.Errorf("a removal on a full disk: %v", err)
		}
		return err == nil
	})
	k.mu.Lock()
	k.n++
	key := fmt.Sprintf("us-%d", k.n)
	k.mu.Unlock()
	ok(t, c.at("us").Register(key).Set(t.Context(), []byte("merged")))
	k.mu.Lock()
	k.acked[key] = []byte("merged")
	k.mu.Unlock()
	eventually(t, "a small write of us is merged in eu", func() bool { return get(t, eu, key) == "merged" })
	if _, err := eu.Delete(t.Context(), key); err != nil {
		t.Errorf("a deletion on a full disk: %v", err)
	}
	k.mu.Lock()
	delete(k.acked, key)
	k.mu.Unlock()
	for range 100 {
		ok(t, k.put(t, c.at("us"), "us", 64<<10))
	}
	time.Sleep(2 * time.Second)
	if _, err := eu.Register("first-1").Get(t.Context()); err != nil {
		t.Errorf("a read while merging waits: %v", err)
	}
}
