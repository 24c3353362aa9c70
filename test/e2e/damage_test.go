package e2e

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// bulk is keys whose values can be told from their names.
const bulk = 6000

func bulkValue(key string) []byte {
	var v []byte
	for i := range 16 {
		sum := sha256.Sum256(fmt.Append(nil, key, i)) // nothing that compresses
		v = append(v, sum[:]...)
	}
	return v
}

func (c *cluster) fill(region string) {
	c.t.Helper()
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < bulk; i += 64 {
				key := fmt.Sprintf("bulk%d", i)
				if err := c.at(region).Register(key).Set(c.t.Context(), bulkValue(key)); err != nil {
					c.t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// oneTable lets a node bring all that it holds into one table when it starts: with little memory it compacts early.
const oneTable = "ATOLL_MEMORY_LIMIT_BYTES=256MiB"

// largestTable returns the largest table of a node, and its size.
func (c *cluster) largestTable(region string) (path string, size int64) {
	c.t.Helper()
	ok(c.t, filepath.WalkDir(c.dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".sst") || !strings.Contains(p, string(filepath.Separator)+region) {
			return nil // tables come and go
		}
		if info, err := e.Info(); err == nil && info.Size() > size {
			path, size = p, info.Size()
		}
		return nil
	}))
	if path == "" {
		c.t.Fatal("no tables")
	}
	return path, size
}

// flipByte changes a byte of a file.
func flipByte(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	ok(t, err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	ok(t, err)
	b[0] ^= 1 << rand.IntN(8)
	_, err = f.WriteAt(b, at)
	ok(t, err)
	ok(t, f.Close())
}

// neverWrong reads all bulk keys at a node: each is right or refused.
func (c *cluster) neverWrong(region string) (refused int) {
	c.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < bulk; i += 16 {
				key := fmt.Sprintf("bulk%d", i)
				v, err := c.at(region).Register(key).Get(c.t.Context())
				switch {
				case err != nil && strings.Contains(err.Error(), "DAMAGED"):
					mu.Lock()
					refused++
					mu.Unlock()
				case err != nil:
					c.t.Errorf("%s: %v", key, err)
				case string(v) != string(bulkValue(key)):
					c.t.Errorf("%s: %d bytes of something else", key, len(v))
				}
			}
		})
	}
	wg.Wait()
	return refused
}

// scrub runs one to its end.
func (c *cluster) scrub(region string) *pb.RunScrubResponse {
	c.t.Helper()
	stream, err := pb.NewScrubClient(c.at(region).Conn()).RunScrub(c.t.Context(), &pb.RunScrubRequest{})
	ok(c.t, err)
	for {
		m, err := stream.Recv()
		ok(c.t, err)
		if m.GetDone() {
			return m
		}
	}
}

// TestFlippedByteIsFoundAndHealed flips one byte in a table of one region, under a node
// that runs and under one that does not, while every region writes: it is found, named,
// given back by a peer, and never served; the peers do not notice.
func TestFlippedByteIsFoundAndHealed(t *testing.T) {
	c := start(t, three, oneTable)
	c.fill("eu")
	c.converge()
	c.dev("kill", "eu")
	c.dev("start", "eu") // what was in the write-ahead log only is in tables now
	c.converge()

	stop := make(chan struct{})
	w := &writers{acked: map[string]bool{}}
	var load sync.WaitGroup
	for _, r := range three {
		load.Go(func() { w.runDamaged(t, c.at(r), r, stop) })
	}
	healed := uint64(0)
	for round, log := range []bool{false, false, false, false, true} {
		path, size := c.largestTable("eu")
		// Cells, in each round others, far from those before: what a replica has given back is in another
		// file, and its place in this one is read by nobody any more.
		part := size * 3 / 40
		at := size*6/10 + int64(round)*part + rand.Int64N(part-part/3)
		if log {
			at = size/10 + rand.Int64N(size*3/10) // the op log lies before them
		}
		running := round%2 == 0
		if !running {
			c.dev("kill", "eu")
		}
		flipByte(t, path, at)
		if !running {
			c.dev("start", "eu")
			healed = 0
		}
		c.scrub("eu")
		refused := c.neverWrong("eu")
		eventually(t, fmt.Sprintf("damage of %s at %d is healed", path, at), func() bool {
			m := c.scrub("eu")
			return m.GetDamaged() == 0 && len(m.GetOpen()) == 0
		})
		before := healed
		healed = c.scrub("eu").GetHealed()
		t.Logf("round %d, running %v, %s at %d of %d: %d reads refused, %d ranges healed", round, running, filepath.Base(path), at, size, refused, healed)
		if healed <= before {
			t.Errorf("round %d: nothing was healed", round)
		}
		if refused := c.neverWrong("eu"); refused > 0 {
			t.Errorf("round %d: %d keys are refused after healing", round, refused)
		}
		if t.Failed() {
			break
		}
	}
	close(stop)
	load.Wait()
	c.converge()
	w.audit(t, c)
	for _, r := range three {
		if n := c.neverWrong(r); n > 0 {
			t.Errorf("%s refuses %d keys", r, n)
		}
	}
}

// TestColdFlipIsFoundByTheScrub: nobody reads the byte and nobody asks for a scrub.
func TestColdFlipIsFoundByTheScrub(t *testing.T) {
	c := start(t, three, oneTable, "ATOLL_SCRUB_INTERVAL=1s", "ATOLL_SCRUB_RATE_BYTES=0B")
	c.fill("eu")
	c.dev("kill", "eu")
	c.dev("start", "eu")
	c.converge()
	path, size := c.largestTable("eu")
	flipByte(t, path, size*3/4)
	eventually(t, "the flip is found and healed", func() bool {
		body, err := c.scrape("eu")
		return err == nil && strings.Contains(body, "\natoll_healed_total 1") && strings.Contains(body, "\natoll_damaged_ranges 0")
	})
	c.converge()
	if n := c.neverWrong("eu"); n > 0 {
		t.Errorf("%d keys are refused", n)
	}
}

// scrape reads the metrics of a node.
func (c *cluster) scrape(region string) (string, error) {
	host, port, err := net.SplitHostPort(c.addr(region))
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return "", err
	}
	r, err := http.Get(fmt.Sprintf("http://%s:%d/metrics", host, n+2))
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

// runDamaged writes as run does; a refusal for damage is none of its failures.
func (w *writers) runDamaged(t *testing.T, cl *client.Client, name string, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		member := fmt.Sprintf("%s-%d", name, i)
		if _, err := cl.Set("s").Add(t.Context(), member); err == nil {
			w.mu.Lock()
			w.acked[member] = true
			w.mu.Unlock()
		}
	}
}
