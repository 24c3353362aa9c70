package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/clock"
)

const (
	keyBytes   = 16
	valueBytes = 256
	perTxn     = 200
)

func main() {
	atolld := flag.String("atolld", "bin/atolld", "the program")
	keys := flag.Int("keys", 1_000_000, "keys of 16 bytes, with values of 256 random bytes")
	kills := flag.Int("kills", 5, "how often the node is killed and started")
	flag.Parse()
	if err := run(*atolld, *keys, *kills); err != nil {
		fmt.Fprintln(os.Stderr, "disk:", err)
		os.Exit(1)
	}
}

func run(atolld string, keys, kills int) error {
	dir, err := os.MkdirTemp("", "atoll-disk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	n := &process{program: atolld, dir: dir}
	if err := n.start(); err != nil {
		return err
	}
	defer n.kill()
	raw := int64(keys) * (keyBytes + valueBytes)
	fmt.Printf("%d keys, raw %d MiB\n", keys, raw>>20)
	for _, rounds := range []int{1, 3} {
		for range rounds {
			if err := n.write(keys); err != nil {
				return err
			}
		}
		size, err := settled(dir)
		if err != nil {
			return err
		}
		fmt.Printf("written %d more times: %.1f bytes a key, %.2f of raw (with the op log kept by log.retain_bytes, at most 64 MiB)\n",
			rounds, float64(size)/float64(keys), float64(size)/float64(raw))
	}
	var took []time.Duration
	for range kills {
		n.kill()
		watch := clock.NewSystem()
		if err := n.start(); err != nil {
			return err
		}
		_, passed := watch.Read()
		took = append(took, passed)
	}
	slices.Sort(took)
	fmt.Printf("killed and started %d times: serves after %v at the median, %v at most\n", kills, took[kills/2].Round(time.Millisecond), took[kills-1].Round(time.Millisecond))
	return nil
}

// process is an atolld.
type process struct {
	program, dir, address string
	cmd                   *exec.Cmd
	client                *client.Client
}

// start returns when a read was answered.
func (p *process) start() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.address = l.Addr().String()
	_ = l.Close()
	p.cmd = exec.Command(p.program, "--region", "us", "--data-dir", p.dir, "--listen", p.address, "--resp-listen", "", "--http-listen", "", "--gossip-listen", "")
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ; ; time.Sleep(5 * time.Millisecond) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
		if err == nil {
			_ = c.Close()
			break
		}
		if ctx.Err() != nil {
			return err
		}
	}
	if p.client, err = client.Dial(ctx, p.address); err == nil {
		_, err = p.client.Exists(ctx, "k")
	}
	return err
}

func (p *process) kill() {
	_ = p.client.Close()
	p.client = nil
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) write(keys int) error {
	value := make([]byte, valueBytes)
	random := rand.NewChaCha8([32]byte{1})
	for i := 0; i < keys; i += perTxn {
		t := p.client.Txn()
		for j := i; j < min(i+perTxn, keys); j++ {
			_, _ = random.Read(value)
			t.Set(fmt.Sprintf("key-%012d", j), slices.Clone(value))
		}
		if _, err := t.Commit(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the directory has had one size for longer than the op log is looked at.
func settled(dir string) (size int64, err error) {
	watch, since := clock.NewSystem(), time.Duration(0)
	for passed := since; passed-since < 40*time.Second; _, passed = watch.Read() {
		time.Sleep(time.Second)
		var now int64
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // it went meanwhile
			}
			if info, err := d.Info(); err == nil {
				now += info.Size()
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		if now != size {
			size = now
			_, since = watch.Read()
		}
	}
	return size, nil
}
