package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/devcluster"
)

// resident returns the memory of a region's process in KiB, the most it ever had.
func (c *cluster) resident(region string) (peak int) {
	c.t.Helper()
	answer, err := devcluster.Call(context.Background(), c.base, devcluster.Request{Verb: "status"})
	ok(c.t, err)
	for _, n := range answer.Nodes {
		if n.Region != region {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.PID))
		ok(c.t, err)
		_, after, _ := strings.Cut(string(text), "VmHWM:")
		_, err = fmt.Sscan(after, &peak)
		ok(c.t, err)
	}
	return peak
}

const (
	memoryLimit   = 128 // MiB
	memoryWriters = 24
	memoryLoad    = 8 * time.Second
)

// flood writes values of 1 MiB at eu from many clients, without mercy.
type flood struct {
	c           *cluster
	stop        chan struct{}
	writers     sync.WaitGroup
	taken, shed atomic.Int64

	mu    sync.Mutex
	acked map[string]int // guarded by mu; the number of the last acknowledged write, by key
}

func (c *cluster) flood() *flood {
	f := &flood{c: c, stop: make(chan struct{}), acked: map[string]int{}}
	for w := range memoryWriters {
		cl, err := client.Dial(c.t.Context(), c.addr("eu"))
		ok(c.t, err)
		c.t.Cleanup(func() { _ = cl.Close() })
		f.writers.Go(func() { f.write(cl, fmt.Sprint("big", w)) })
	}
	return f
}

// write writes ever newer values of a key until stop, or until eu is gone.
func (f *flood) write(cl *client.Client, key string) {
	value := make([]byte, 1<<20)
	for i := 1; ; i++ {
		select {
		case <-f.stop:
			return
		default:
		}
		copy(value, fmt.Sprintf("%08d", i))
		err := cl.Register(key).Set(context.Background(), value)
		switch {
		case err == nil:
			f.taken.Add(1)
			f.mu.Lock()
			f.acked[key] = i
			f.mu.Unlock()
		case codeOf(err) == "OOM":
			f.shed.Add(1)
			time.Sleep(10 * time.Millisecond)
		default:
			return // the process was killed; a test that did not do that finds too little taken
		}
	}
}

// end stops the writers and waits for them.
func (f *flood) end() { close(f.stop); f.writers.Wait() }

// TestTheProcessStaysBelowItsMemoryLimit: with little memory and many clients that write
// much at once, some are turned away and the others are served; what other regions write
// is merged in time; no process is ever larger than its limit; and when the load ends,
// everything is as before by itself.
func TestTheProcessStaysBelowItsMemoryLimit(t *testing.T) {
	c := start(t, three, fmt.Sprintf("ATOLL_MEMORY_LIMIT_BYTES=%dMiB", memoryLimit))
	f := c.flood()
	var slowest time.Duration
	began := time.Now()
	for i := 0; time.Since(began) < memoryLoad; i++ {
		slowest = max(slowest, c.crosses(fmt.Sprint("small", i)))
		time.Sleep(200 * time.Millisecond)
	}
	took := time.Since(began)
	f.end()
	again := time.Now()
	eventually(t, "eu takes large writes again", func() bool {
		return c.at("eu").Register("after").Set(t.Context(), make([]byte, 1<<20)) == nil
	})
	recovered := time.Since(again)
	eventually(t, "the alarm is over", func() bool { return !alarmed(t, c.at("eu"), "turned away") })
	c.converge()
	t.Logf("figure: %.0f writes of 1 MiB a second taken of %d, %d shed; us to eu at most %v; large writes again after %v",
		float64(f.taken.Load())/took.Seconds(), f.taken.Load()+f.shed.Load(), f.shed.Load(), slowest.Round(time.Millisecond), recovered.Round(time.Millisecond))
	for _, r := range three {
		peak := c.resident(r)
		t.Logf("figure: peak of %s %.1f MiB, limit %d MiB", r, float64(peak)/1024, memoryLimit)
		if peak == 0 || peak > memoryLimit<<10 {
			t.Errorf("%s had %d KiB with a limit of %d KiB", r, peak, memoryLimit<<10)
		}
	}
	if f.shed.Load() == 0 {
		t.Error("uninformative: nothing was shed")
	}
	if f.taken.Load() < int64(took.Seconds()) {
		t.Errorf("%d writes taken in %v", f.taken.Load(), took)
	}
}

// crosses writes in us and returns when eu has it. Clients may be turned away there
// meanwhile: it is the peer that must not be.
func (c *cluster) crosses(key string) time.Duration {
	t := c.t
	t.Helper()
	ok(t, c.at("us").Register(key).Set(t.Context(), []byte("v")))
	began := time.Now()
	for {
		v, err := c.at("eu").Register(key).Get(t.Context())
		if string(v) == "v" {
			return time.Since(began)
		}
		if err != nil && !isNotFound(err) && codeOf(err) != "OOM" {
			t.Fatal(err)
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%s of us is not in eu after 10 s", key)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestKilledWhileClientsAreShed: the kernel ends a process that takes too much without
// asking, as kill -9 does. What was acknowledged until then is there afterwards.
func TestKilledWhileClientsAreShed(t *testing.T) {
	c := start(t, three, fmt.Sprintf("ATOLL_MEMORY_LIMIT_BYTES=%dMiB", memoryLimit))
	for round := range 3 {
		f := c.flood()
		eventually(t, "writes are taken and shed", func() bool { return f.taken.Load() > 10 && f.shed.Load() > 10 })
		c.dev("kill", "eu")
		f.end()
		c.dev("start", "eu")
		for key, n := range f.acked {
			v := ""
			eventually(t, "eu answers", func() bool {
				got, err := c.at("eu").Register(key).Get(t.Context())
				v = string(got)
				return err == nil || isNotFound(err)
			})
			var got int
			if _, err := fmt.Sscanf(v[:min(len(v), 8)], "%d", &got); err != nil || got < n {
				t.Errorf("round %d: %s is at write %d (%v), %d was acknowledged", round, key, got, err, n)
			}
		}
	}
	c.converge()
}
