package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/freeport"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// cli runs the command line at a region and returns its output, errors with it, and its exit code.
func (c *cluster) cli(region string, args ...string) (string, int) {
	c.t.Helper()
	out, err := exec.Command(filepath.Join(binaries, "atoll"), append([]string{"--addr", c.addr(region)}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

// says demands an exit code and a text of a command.
func (c *cluster) says(region string, code int, text string, args ...string) string {
	c.t.Helper()
	out, got := c.cli(region, args...)
	if got != code || !strings.Contains(out, text) {
		c.t.Errorf("atoll %s at %s: code %d, want %d and %q:\n%s", strings.Join(args, " "), region, got, code, text, out)
	}
	return out
}

// kept counts the updates that a region keeps aside of a node.
func (c *cluster) kept(region, node string) (records int) {
	c.t.Helper()
	out, _ := c.cli(region, "-o", "json", "salvage", "list")
	var doc struct {
		Value struct {
			Origins []struct {
				Node    string
				Records int
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		c.t.Fatalf("%v:\n%s", err, out)
	}
	for _, o := range doc.Value.Origins {
		if o.Node == node {
			records += o.Records
		}
	}
	return records
}

func (c *cluster) cutOff(region string) {
	for _, r := range c.regions {
		if r != region {
			c.dev("cut", region, r)
		}
	}
	eventually(c.t, "the links are cut", func() bool {
		st, err := c.at(region).Admin().Status(c.t.Context(), &pb.StatusRequest{})
		return err == nil && !slices.ContainsFunc(st.GetPeers(), func(p *pb.PeerStatus) bool { return p.GetState() != "cut" })
	})
}

func (c *cluster) incr(region, key string, n int) {
	c.t.Helper()
	for range n {
		must(c.at(region).Counter(key).Incr(c.t.Context(), 1))(c.t)
	}
}

func (c *cluster) counts(key string, want int64, regions ...string) {
	c.t.Helper()
	for _, r := range regions {
		eventually(c.t, fmt.Sprintf("%s is %d in %s", key, want, r), func() bool {
			n, err := c.at(r).Counter(key).Get(c.t.Context())
			return err == nil && n == want
		})
	}
}

// beginAnew moves a region's data directory away and starts it.
func (c *cluster) beginAnew(region string) {
	c.t.Helper()
	c.dev("kill", region)
	dir := filepath.Join(c.dir, region)
	ok(c.t, os.Rename(dir, filepath.Join(c.t.TempDir(), "old")))
	c.dev("start", region)
	eventually(c.t, region+" has begun anew", func() bool {
		_, err := c.at(region).Counter("n").Get(c.t.Context())
		return err == nil
	})
}

// TestMembersByTheCommandLine: a region is removed while it is cut off, the rest goes on; it comes back,
// what it wrote too late is kept aside, replayed or dropped; its name is added again, under load.
func TestMembersByTheCommandLine(t *testing.T) {
	c := start(t, three)
	c.incr("us", "n", 5)
	c.counts("n", 5, three...)
	c.says("us", 0, "ap/n1", "member", "list")
	c.says("us", 1, "cannot remove itself", "member", "remove", "us")
	c.says("us", 1, "there are ap/n1", "member", "remove", "mars")
	c.says("us", 2, "cannot read", "member", "remove")
	c.says("us", 1, "REGION/NODE", "member", "add", "mars")
	c.dev("kill", "eu")
	c.says("us", 5, "eu/n1 must agree and does not answer", "member", "remove", "ap")
	c.dev("start", "eu")
	c.counts("n", 5, "eu")

	c.removeWithATail(7)
	c.says("us", 0, "removed", "status")
	c.says("us", 0, "7 updates of ap/n1 kept aside", "status")
	c.says("us", 0, "hold the same", "converged", "--wait", "20s")
	for _, form := range []string{"human", "json"} {
		c.says("us", 0, "ap/n1", "-o", form, "salvage", "list")
		c.says("us", 0, "removed", "-o", form, "member", "list")
	}
	c.says("eu", 5, "is replayed by us/n1", "salvage", "replay", "ap/n1")
	c.says("us", 0, `"replayed":7`, "-o", "json", "salvage", "replay", "ap/n1")
	c.says("us", 1, "nothing is kept aside", "salvage", "replay", "ap/n1")
	c.counts("n", 5+7, "us", "eu")
	eventually(t, "eu forgets what was replayed", func() bool { return c.kept("eu", "ap/n1") == 0 })

	stop := make(chan struct{})
	var load sync.WaitGroup
	written := 0
	load.Go(func() {
		for ; ; written++ {
			select {
			case <-stop:
				return
			default:
				must(c.at("us").Counter("load").Incr(t.Context(), 1))(t)
			}
		}
	})
	c.says("us", 0, "active", "member", "add", "ap/n1", c.addr("ap"))
	c.beginAnew("ap")
	close(stop)
	load.Wait()
	c.counts("load", int64(written), three...)
	c.converge()

	c.removeWithATail(3)
	c.says("us", 5, "--yes", "salvage", "drop", "ap/n1")
	c.says("eu", 0, "3 updates dropped", "salvage", "drop", "ap/n1", "--yes")
	eventually(t, "it is dropped everywhere", func() bool { return c.kept("us", "ap/n1") == 0 })
	c.counts("n", 5+7, "us", "eu")
	c.convergeOf([]string{"us", "eu"})
}

// removeWithATail removes ap, which is cut off and has written n updates that nobody else has. Then the
// links are healed and the two others keep them aside.
func (c *cluster) removeWithATail(n int) {
	c.t.Helper()
	c.cutOff("ap")
	c.incr("ap", "n", n)
	c.says("us", 0, "removed", "member", "remove", "ap")
	c.incr("us", "go on", 1)
	c.heal()
	eventually(c.t, "the tail is kept aside", func() bool {
		return c.kept("us", "ap/n1") == n && c.kept("eu", "ap/n1") == n
	})
	var refused string
	eventually(c.t, "ap is told", func() bool {
		_, err := c.at("ap").Counter("n").Incr(c.t.Context(), 1)
		refused = fmt.Sprint(err)
		return err != nil && codeOf(err) == "REMOVED"
	})
	if !strings.Contains(refused, "removed") {
		c.t.Errorf("ap says %s", refused)
	}
}

// TestANodeInTheYear2099IsDiscarded: by the command line, with real processes. What it wrote is shut out at
// once, kept aside, and comes back with stamps of today when it is replayed.
func TestANodeInTheYear2099IsDiscarded(t *testing.T) {
	c := start(t, three)
	c.incr("us", "n", 1)
	c.counts("n", 1, three...)
	c.dev("kill", "eu")
	offset := filepath.Join(t.TempDir(), "offset")
	ok(t, os.WriteFile(offset, []byte(time.Until(time.Date(2099, 6, 1, 0, 0, 0, 0, time.UTC)).String()), 0o600))
	base, err := freeport.Base(10)
	ok(t, err)
	n := c.runNode("eu", filepath.Join(c.dir, "eu"), base, "--dev-clock-offset-file", offset, "--dev-cut", "us,ap")
	for range 4 {
		out, err := atoll(t, "--addr", n.addr, "incr", "n")
		if err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	n.kill()
	c.says("us", 3, "no member holds anything back", "clock", "discard", "eu/n1", "--yes")
	c.dev("start", "eu")
	eventually(t, "us and ap hold it back", func() bool {
		a, _ := c.cli("us", "-o", "json", "clock")
		return strings.Count(a, `"last_seq":4`) == 2
	})
	c.says("us", 5, "keeps aside for good", "clock", "discard", "eu/n1")
	c.says("us", 0, "Nothing was changed", "clock", "discard", "eu/n1", "--dry-run")
	c.dev("kill", "ap")
	c.says("us", 4, "ap/n1 must agree and does not answer", "clock", "discard", "eu/n1", "--yes")
	c.dev("start", "ap")
	eventually(t, "us discards it", func() bool {
		out, code := c.cli("us", "clock", "discard", "eu/n1", "--yes")
		t.Log(out)
		return code == 0 && strings.Contains(out, "life 1")
	})
	eventually(t, "us and ap keep it aside", func() bool { return c.kept("us", "eu/n1") == 4 && c.kept("ap", "eu/n1") == 4 })
	eventually(t, "eu is told", func() bool {
		_, err := c.at("eu").Counter("n").Incr(t.Context(), 1)
		return err != nil && codeOf(err) == "REMOVED"
	})
	c.counts("n", 1, "us", "ap")
	c.beginAnew("eu")
	c.says("us", 0, "4 updates replayed", "salvage", "replay", "eu/n1")
	c.counts("n", 5, three...)
	c.converge()
	c.says("us", 0, "hold the same", "converged")
}

// anew moves a region's data directory away while it is down, and starts it.
func (c *cluster) anew(region string) {
	c.t.Helper()
	ok(c.t, os.Rename(filepath.Join(c.dir, region), filepath.Join(c.t.TempDir(), "old")))
	c.dev("start", region)
}

// TestRemovedAndAddedInALoopWithKills: under load ap is killed, removed while eu is killed and started, added
// again with an empty directory, and in every second round removed and added once more while it still loads.
// Nothing that us and eu acknowledged is lost.
func TestRemovedAndAddedInALoopWithKills(t *testing.T) {
	c := start(t, three)
	w := &writers{acked: map[string]bool{}}
	removed := func() {
		t.Helper()
		eventually(t, "ap is removed", func() bool {
			_, code := c.cli("us", "member", "remove", "ap")
			return code == 0
		})
	}
	for round := range *rounds {
		c.during(w, []string{"us", "eu"}, func() {
			c.dev("kill", "ap")
			c.dev("kill", "eu")
			c.says("us", 5, "eu/n1 must agree", "member", "remove", "ap")
			c.dev("start", "eu")
			removed()
			c.says("us", 0, "active", "member", "add", "ap/n1")
			c.anew("ap")
			if round%2 == 1 {
				removed()
				c.dev("kill", "ap")
				c.says("eu", 0, "active", "member", "add", "ap/n1")
				c.anew("ap")
			}
			eventually(t, "ap answers", func() bool {
				_, err := c.at("ap").Set("s").Len(t.Context())
				return err == nil
			})
		})
		c.converge()
		w.audit(t, c)
		if t.Failed() {
			t.Fatalf("failed in round %d", round)
		}
	}
	c.says("us", 0, "nothing is kept aside", "salvage", "list")
}
