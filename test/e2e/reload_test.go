package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

var (
	flips    = flag.Int("flips", 10, "how many bytes of a stopped node's directory are flipped, one after the other")
	flipSeed = flag.Uint64("flip-seed", 0, "seed of TestFlippedByteAtStart; 0 draws one")
)

// kindOf tells what kind of file of a data directory it is.
func kindOf(name string) string {
	if ext := filepath.Ext(name); ext == ".sst" || ext == ".log" {
		return ext
	}
	kind, _, _ := strings.Cut(name, "-")
	return kind
}

// pickByte picks a byte of a directory: each kind of file is as likely as the others.
func pickByte(t *testing.T, rnd *rand.Rand, dir string) (path string, at int64) {
	t.Helper()
	kinds := map[string][]string{}
	sizes := map[string]int64{}
	ok(t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > 0 {
			kind := kindOf(e.Name())
			kinds[kind], sizes[p] = append(kinds[kind], p), info.Size()
		}
		return err
	}))
	names := []string{}
	for kind := range kinds {
		names = append(names, kind)
	}
	slices.Sort(names)
	files := kinds[names[rnd.IntN(len(names))]]
	path = files[rnd.IntN(len(files))]
	return path, rnd.Int64N(sizes[path])
}

// honest reads bulk keys at a node until it holds what the others hold, or has ended: every answer
// is right, or an error that is not "not found".
func (c *cluster) honest(n *lone, region string) (serves bool) {
	c.t.Helper()
	end := time.Now().Add(patience)
	for i := 0; ; i++ {
		select {
		case <-n.done:
			return false
		default:
		}
		key := fmt.Sprintf("bulk%d", i*37%bulk)
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
		v, err := c.at(region).Register(key).Get(ctx)
		switch {
		case errors.Is(err, client.ErrNotFound):
			c.t.Errorf("%s: a key that is there is not found", key)
		case err == nil && string(v) != string(bulkValue(key)):
			c.t.Errorf("%s: %d bytes of something else", key, len(v))
		}
		same := err == nil && c.same(ctx)
		cancel()
		if same || c.t.Failed() {
			return true
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s does not hold what its peers hold within %v\n%s", region, patience, n.log)
		}
	}
}

// same tells whether all regions hold the same now.
func (c *cluster) same(ctx context.Context) bool {
	var states []state
	for _, r := range c.regions {
		s, err := c.state(ctx, r)
		if err != nil {
			return false
		}
		states = append(states, s)
	}
	return equal(states)
}

var printedCommand = regexp.MustCompile("run `(atoll reload [^`]+)`")

// reload types the command that a refusal has printed, and returns where the directory went.
func (c *cluster) reload(refusal, dir string) (aside string) {
	c.t.Helper()
	found := printedCommand.FindStringSubmatch(refusal)
	if found == nil {
		c.t.Fatalf("no command in the refusal:\n%s", refusal)
	}
	cmd := exec.Command("/bin/sh", "-c", found[1]+" --yes")
	cmd.Env = append(os.Environ(), "PATH="+binaries+":/bin:/usr/bin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", found[1], err, out)
	}
	aside = regexp.MustCompile(`moved \S+ to (\S+)`).FindStringSubmatch(string(out))[1]
	if _, err := os.Stat(aside); err != nil || !strings.HasPrefix(aside, dir) {
		c.t.Errorf("the damaged directory is not at %s: %v", aside, err)
	}
	return aside
}

// quiet is how long a node needs without writes until damage in its last commits can be told from
// a torn end of the log.
const quiet = 2 * time.Second

// TestFlippedByteAtStart flips one byte of a stopped node's directory after the other: the node heals
// alone, or refuses to start and names the file and a command after which it heals.
func TestFlippedByteAtStart(t *testing.T) {
	seed := *flipSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-flip-seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	c := start(t, three)
	c.fill("eu")
	c.converge()
	time.Sleep(quiet)
	c.dev("kill", "eu")
	dir := filepath.Join(c.dir, "eu")
	refused := 0
	for round := range *flips {
		path, at := pickByte(t, rnd, dir)
		flipByte(t, path, at)
		what := fmt.Sprintf("round %d: %s at %d", round, filepath.Base(path), at)
		n := c.launchNode("eu", dir, portOf(t, c.addr("eu")))
		if !c.honest(n, "eu") {
			refused++
			if code := n.cmd.ProcessState.ExitCode(); code != 65 || !namesFile(n.log.String(), path) {
				t.Fatalf("%s: exit %d\n%s", what, code, n.log)
			}
			c.reload(n.log.String(), dir)
			n = c.launchNode("eu", dir, portOf(t, c.addr("eu")))
			if !c.honest(n, "eu") {
				t.Fatalf("%s: ended after the reload\n%s", what, n.log)
			}
			what += ", reloaded"
		}
		eventually(t, what+" is healed", func() bool {
			m := c.scrub("eu")
			return m.GetDamaged() == 0 && len(m.GetOpen()) == 0
		})
		if refused := c.neverWrong("eu"); refused > 0 {
			t.Errorf("%s: %d keys are refused after healing", what, refused)
		}
		t.Log(what)
		if t.Failed() {
			t.FailNow()
		}
		time.Sleep(quiet)
		n.end([]syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}[round%2])
	}
	t.Logf("%d flips, %d refused", *flips, refused)
}

// namesFile tells whether a refusal names a file, by its kind at least where the store says no more.
func namesFile(refusal, path string) bool {
	name := filepath.Base(path)
	return strings.Contains(refusal, name) || strings.Contains(refusal, strings.TrimSuffix(name, filepath.Ext(name))) ||
		strings.Contains(refusal, kindOf(name))
}

// TestReloadKeepsItsHandsOffARunningNode: nothing is moved under a process; a dry run and a missing
// --yes change nothing; afterwards the old directory is there as it was, and the node knows its members.
func TestReloadKeepsItsHandsOffARunningNode(t *testing.T) {
	c := start(t, three)
	c.fill("us")
	c.converge()
	dir := filepath.Join(c.dir, "eu")
	exit := func(want int, args ...string) string {
		t.Helper()
		out, err := atoll(t, append([]string{"reload", dir}, args...)...)
		code := 0
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			code = e.ExitCode()
		}
		if code != want {
			t.Errorf("reload %v: %v, want exit %d\n%s", args, err, want, out)
		}
		return fmt.Sprint(string(out), err)
	}
	if text := exit(5, "--yes"); !strings.Contains(text, "in use by pid") {
		t.Error(text)
	}
	c.dev("stop", "eu")
	before := namesIn(t, dir)
	exit(5)
	if text := exit(0, "--dry-run"); !strings.Contains(text, "eu/n1") {
		t.Error(text)
	}
	if now := namesIn(t, dir); now != before {
		t.Errorf("files before %s, now %s", before, now)
	}
	ok(t, os.Mkdir(dir+".aside-1", 0o700)) // never onto a path that exists
	if text := exit(0, "--yes"); !strings.Contains(text, dir+".aside-2") || !strings.Contains(text, "2 other members") {
		t.Error(text)
	}
	if now := namesIn(t, dir+".aside-2"); now != before {
		t.Errorf("files before %s, aside %s", before, now)
	}
	ok(t, os.Remove(dir+".aside-1"))
	n := c.launchNode("eu", dir, portOf(t, c.addr("eu")), "--bootstrap", "--peers", "") // it remembers them
	if !c.honest(n, "eu") {
		t.Errorf("ended:\n%s", n.log)
	}
	if n := c.neverWrong("eu"); n > 0 {
		t.Errorf("%d keys are refused", n)
	}
	exit(5, "--yes")
}

// namesIn lists a directory: the names of its files, and checksums of what is in them.
func namesIn(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	ok(t, err)
	var names []string
	for _, e := range list {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			data = nil // a directory
		}
		names = append(names, fmt.Sprintf("%s:%08x", e.Name(), crc32.ChecksumIEEE(data)))
	}
	return strings.Join(names, " ")
}
