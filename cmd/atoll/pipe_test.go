package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPipeRunsThousandsOfCommandsInOrder(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", cluster3(t))
	var in, want strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&in, "set key:%d value:%d\nget key:%d\n", i%7, i, i%7)
		fmt.Fprintf(&want, "OK\nvalue:%d\n", i)
	}
	start := time.Now()
	out, errs, code := atoll(t, in.String(), "--addr", addr)
	if code != exitOK || errs != "" || out != want.String() {
		t.Fatalf("exit %d, stderr %q, output of %d bytes, want %d", code, errs, len(out), want.Len())
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("5,000 commands took %s", took)
	}

	t.Run("a refused command is alone in its failure", func(t *testing.T) {
		in, want := "sadd s x\n", "1\n"
		for i := range 600 {
			in += "incr n\n"
			want += fmt.Sprintf("%d\n", i+1)
			if i%100 == 50 {
				in += "incr s\n"
				want += "(error) WRONGTYPE"
			}
		}
		out, errs, code := atoll(t, in, "--addr", addr)
		if code != exitError || !strings.Contains(errs, "6 of 607 commands failed") {
			t.Errorf("exit %d, stderr %q", code, errs)
		}
		for i, line := range strings.Split(strings.ReplaceAll(want, "WRONGTYPE", "WRONGTYPE\n"), "\n") {
			if got := strings.Split(out, "\n")[i]; !strings.HasPrefix(got, line) {
				t.Fatalf("reply %d is %q, want %q", i+1, got, line)
			}
		}
	})
	t.Run("batches and single commands answer the same", func(t *testing.T) { sameAsAlone(t, addr) })
	t.Run("a batch whose replies are too large runs once", func(t *testing.T) { largeReplies(t, addr) })
	t.Run("a reply comes at once when the next line does not", func(t *testing.T) { coprocess(t, addr) })
}

// sameAsAlone compares a pipe that is batched with one where a ping between all lines prevents batches.
func sameAsAlone(t *testing.T, addr string) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var batched, single strings.Builder
		for range 40 {
			command := randomCommand(rnd)
			fmt.Fprintf(&batched, command+"\n", "b", seed)
			fmt.Fprintf(&single, command+"\nping\n", "s", seed)
		}
		a, _, _ := atoll(t, batched.String(), "--addr", addr)
		b, _, _ := atoll(t, single.String(), "--addr", addr)
		if b = strings.ReplaceAll(b, "PONG\n", ""); a != b {
			t.Fatalf("seed %d: commands\n%s\nin batches:\n%s\nalone:\n%s", seed, batched.String(), a, b)
		}
	}
}

// largeReplies counts in a batch that reads more than one response holds.
func largeReplies(t *testing.T, addr string) {
	value := strings.Repeat("x", 1<<20)
	if out, errs, _ := atoll(t, "set large "+value+"\n", "--addr", addr); out != "OK\n" {
		t.Fatalf("reply %q, stderr %q", out, errs)
	}
	if _, errs, code := atoll(t, strings.Repeat("get large\n", 10)+"incr once\n"+strings.Repeat("get large\n", 10), "--addr", addr); code != exitError || !strings.Contains(errs, "UNKNOWN reply of") {
		t.Errorf("exit %d, stderr %.300q", code, errs)
	}
	if out, errs, _ := atoll(t, "get once\n", "--addr", addr); out != "1\n" {
		t.Errorf("counted %q times, stderr %q", out, errs)
	}
}

// randomCommand works on one of two keys whose names are filled in: letter, then seed.
func randomCommand(rnd *rand.Rand) string {
	key := fmt.Sprintf("%%[1]s:%%[2]d:%d", rnd.IntN(2))
	member := string('a' + rune(rnd.IntN(3)))
	return []string{
		"set " + key + " 5", "set " + key + " text", "get " + key, "del " + key, "incr " + key, "incr " + key + " 3", "decr " + key,
		"reset " + key, "sadd " + key + " " + member, "srem " + key + " " + member, "scard " + key, "sismember " + key + " " + member, "exists " + key,
		"hset " + key + " f " + member, "hincrby " + key + " n 2", "hget " + key + " n", "hmget " + key + " f n", "hdel " + key + " f",
		"hlen " + key, "hexists " + key + " n", "hstrlen " + key + " f", "hsetnx " + key + " f x", "hgetall " + key, "hkeys " + key, "hvals " + key,
		"expire " + key + " 1000", "persist " + key, "setex " + key + " 2000 v",
		"rpush " + key + " " + member, "lpush " + key + " x y", "lpop " + key, "rpop " + key + " 2", "lset " + key + " 0 z", "linsert " + key + " after " + member + " w",
		"lrem " + key + " 1 x", "lmove " + key + " " + key + " left right", "lrange " + key + " 0 -1", "llen " + key,
		"zadd " + key + " 1.5 " + member, "zincrby " + key + " 2 " + member, "zrem " + key + " " + member, "zrange " + key + " 0 -1", "zpopmin " + key, "zscore " + key + " " + member,
	}[rnd.IntN(44)]
}

func coprocess(t *testing.T, addr string) {
	cmd := exec.Command(filepath.Join(binaries, "atoll"), "--addr", addr)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := fmt.Fprintf(in, "incr coprocess\n"); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 64)
		n, err := out.Read(buf)
		if got, want := string(buf[:n]), fmt.Sprintf("%d\n", i+1); got != want || err != nil {
			t.Fatalf("reply %q (%v), want %q", got, err, want)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestAReaderThatLeavesIsNoError(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", cluster3(t))
	script := `for i in $(seq 20000); do echo "get key"; done | { "$0" --addr "$1"; echo "code $?" >&2; } | head -1`
	cmd := exec.Command("sh", "-c", script, filepath.Join(binaries, "atoll"), addr)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "code 0") || strings.Contains(string(out), "broken pipe") {
		t.Errorf("%v: %s", err, out)
	}
}
