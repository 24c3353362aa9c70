package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// small bounds the op logs of a cluster, so that an absence soon outlasts them.
const (
	small      = "ATOLL_LOG_MAX_BYTES=2MiB"
	smallBytes = 2 << 20
)

// book is what clients were told: the oracle knows nothing else.
type book struct {
	mu      sync.Mutex
	set     map[string]string // guarded by mu; last acknowledged value of keys with one writer
	deleted map[string]bool   // guarded by mu; deleted by somebody who had seen them, acknowledged
	added   int64             // guarded by mu; increments acknowledged
	members map[string]bool   // guarded by mu
}

func newBook() *book {
	return &book{set: map[string]string{}, deleted: map[string]bool{}, members: map[string]bool{}}
}

// value is what a key holds: long, so that logs fill up, and told by its name.
func value(name string) string { return name + strings.Repeat(".", 4<<10) }

// write lets a region write n keys of its own, count, add members, and delete every third key
// of gone.
func (b *book) write(t *testing.T, c *cluster, region, name string, n int, gone []string) {
	t.Helper()
	cl := c.at(region)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := w; i < n; i += 8 {
				key := fmt.Sprintf("%s-%s-%d", region, name, i)
				if err := b.one(t.Context(), cl, key, i, gone); err != nil {
					t.Errorf("%s in %s: %v", key, region, err)
					return
				}
			}
		})
	}
	writers.Wait()
}

func (b *book) one(ctx context.Context, cl *client.Client, key string, i int, gone []string) error {
	if err := cl.Register(key).Set(ctx, []byte(value(key))); err != nil {
		return err
	}
	if _, err := cl.Counter("n").Incr(ctx, 1); err != nil {
		return err
	}
	if _, err := cl.Set("s").Add(ctx, key); err != nil {
		return err
	}
	b.mu.Lock()
	b.set[key], b.members[key] = value(key), true
	b.added++
	b.mu.Unlock()
	if i >= len(gone) || i%3 != 0 {
		return nil
	}
	if _, err := cl.Delete(ctx, gone[i]); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deleted[gone[i]] = true
	delete(b.set, gone[i])
	return nil
}

// keys returns the keys of a region's writes so far.
func (b *book) keys(prefix string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.set {
		if strings.HasPrefix(k, prefix) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// audit compares the book with what every region holds.
func (b *book) audit(t *testing.T, c *cluster) {
	t.Helper()
	for _, r := range c.regions {
		cl := c.at(r)
		wrong := 0
		for key, want := range b.set {
			if got := get(t, cl, key); got != want {
				wrong++
				t.Logf("%s: %s has %d bytes", r, key, len(got))
			}
		}
		for key := range b.deleted {
			if n := must(cl.Exists(t.Context(), key))(t); n != 0 {
				wrong++
				t.Logf("%s: %s is back", r, key)
			}
		}
		have := map[string]bool{}
		for m, err := range cl.Set("s").Members(t.Context()) {
			ok(t, err)
			have[string(m)] = true
		}
		for m := range b.members {
			if !have[m] {
				wrong++
				t.Logf("%s: lacks member %s", r, m)
			}
		}
		if n := must(cl.Counter("n").Get(t.Context()))(t); n != b.added {
			t.Errorf("%s counts %d, %d were acknowledged", r, n, b.added)
		}
		if wrong > 0 || len(have) != len(b.members) {
			t.Errorf("%s: %d of %d keys, %d deleted and %d members are wrong; it has %d members", r, wrong, len(b.set), len(b.deleted), len(b.members), len(have))
		}
	}
}

// transferStatus asks a node how it catches up.
func (c *cluster) transferStatus(region string) *pb.TransferStatusResponse {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	st, err := pb.NewTransferAdminClient(c.at(region).Conn()).TransferStatus(ctx, &pb.TransferStatusRequest{})
	if err != nil {
		return &pb.TransferStatusResponse{} // it is down
	}
	return st
}

// outgrow writes in all three regions while ap is away until the op logs of us and eu have
// gone on without it several times over.
func (c *cluster) outgrow(b *book, seen []string) {
	c.t.Helper()
	for round := range 4 {
		name := fmt.Sprintf("away%d", round)
		half := len(seen) / 2
		b.write(c.t, c, "us", name, 400, rest(seen[:half], 100*round))
		b.write(c.t, c, "eu", name, 200, nil)
		b.write(c.t, c, "ap", name, 30, rest(seen[half:], 30*round))
	}
	for _, r := range []string{"us", "eu"} {
		eventually(c.t, r+" bounds its op log", func() bool {
			st, err := c.at(r).Admin().Status(c.t.Context(), &pb.StatusRequest{})
			return err == nil && st.GetShards()[0].GetLogBytes() <= 2*smallBytes
		})
	}
}

func rest(keys []string, from int) []string { return keys[min(from, len(keys)):] }

// TestAwayForLongerThanTheLog: ap is cut off; the op logs of the others go on without it
// several times over; all three write and delete. After healing everybody holds the same,
// nothing that was acknowledged is missing, nothing that was deleted is back.
func TestAwayForLongerThanTheLog(t *testing.T) {
	c := start(t, three, small)
	b := newBook()
	b.write(t, c, "us", "before", 300, nil)
	b.write(t, c, "ap", "before", 100, nil)
	c.converge()
	seen := append(b.keys("us-before"), b.keys("ap-before")...)

	c.dev("cut", "us", "ap")
	c.dev("cut", "eu", "ap")
	c.outgrow(b, seen)
	healed := time.Now()
	c.heal()
	c.converge()
	t.Logf("healed in %v; %d keys, %d deletes, %d increments", time.Since(healed).Round(time.Millisecond), len(b.set), len(b.deleted), b.added)
	if st := c.transferStatus("ap"); st.GetEnded() == 0 {
		t.Errorf("ap came back without a transfer of state: %v", st)
	}
	b.audit(t, c)
	// And on by log.
	b.write(t, c, "us", "after", 20, nil)
	b.write(t, c, "ap", "after", 20, nil)
	c.converge()
	b.audit(t, c)
}

// TestKilledDuringATransfer: kill -9 of the receiver, then of the donor, with a slow
// transfer on its way.
func TestKilledDuringATransfer(t *testing.T) {
	c := start(t, three, small, "ATOLL_TRANSFER_MAX_RATE=2MiB")
	b := newBook()
	b.write(t, c, "us", "before", 300, nil)
	b.write(t, c, "ap", "before", 60, nil)
	c.converge()
	seen := append(b.keys("us-before"), b.keys("ap-before")...)
	c.dev("cut", "us", "ap")
	c.dev("cut", "eu", "ap")
	c.outgrow(b, seen)
	c.heal()

	running := func() bool {
		st := c.transferStatus("ap")
		return st.GetState() == "running" && st.GetCellsDone() > 0
	}
	eventually(c.t, "ap takes over state", running)
	c.dev("kill", "ap")
	c.dev("start", "ap")
	before := c.transferStatus("ap").GetCellsDone()
	if before == 0 {
		t.Error("after a kill -9 ap begins anew")
	}
	eventually(c.t, "ap goes on", running)
	donor, _, _ := strings.Cut(c.transferStatus("ap").GetDonor(), "/")
	c.dev("kill", donor)
	eventually(c.t, "ap asks the other region", func() bool {
		st := c.transferStatus("ap")
		now, _, _ := strings.Cut(st.GetDonor(), "/")
		return now != donor && st.GetCellsDone() >= before || st.GetEnded() > 0
	})
	c.dev("start", donor)
	c.converge()
	b.audit(t, c)
}

// TestAWipedNodeNeverAnswersEmpty: from the first moment a node without its data directory
// says LOADING, or the right value.
func TestAWipedNodeNeverAnswersEmpty(t *testing.T) {
	c := start(t, three, small, "ATOLL_TRANSFER_MAX_RATE=4MiB")
	b := newBook()
	b.write(t, c, "us", "before", 1500, nil)
	b.write(t, c, "ap", "before", 20, nil)
	c.converge()
	c.dev("stop", "ap")
	ok(t, os.RemoveAll(filepath.Join(c.dir, "ap")))

	stop := make(chan struct{})
	var asking sync.WaitGroup
	var loading, right int
	asking.Go(func() {
		key := "us-before-7"
		for {
			select {
			case <-stop:
				return
			default:
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			v, err := c.clients["ap"].Register(key).Get(ctx)
			cancel()
			var e *client.Error
			switch {
			case err == nil && bytes.Equal(v, []byte(value(key))):
				right++
			case errors.As(err, &e) && e.Code == "LOADING":
				loading++
			case errors.Is(err, client.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded):
			default:
				t.Errorf("a wiped node answers %d bytes, %v", len(v), err)
				return
			}
		}
	})
	c.dev("start", "ap") // returns when it is ready
	eventually(c.t, "ap answers", func() bool { return get(t, c.at("ap"), "us-before-7") != "" })
	close(stop)
	asking.Wait()
	if loading == 0 {
		t.Errorf("never LOADING, %d right answers: the test saw nothing", right)
	}
	c.converge()
	b.audit(t, c)
}
