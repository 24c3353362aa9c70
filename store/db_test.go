package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ATOLL_TEST_HOLD"); dir != "" {
		hold(dir)
	}
	goleak.VerifyTestMain(m)
}

// hold keeps a store open, in a process of its own, until its input ends.
func hold(dir string) {
	if _, err := Open(Options{Dir: dir}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func TestAStoreOnDiskKeepsWhatItWasGiven(t *testing.T) {
	for _, mode := range []FsyncMode{FsyncAlways, FsyncInterval} {
		opts := Options{Dir: filepath.Join(t.TempDir(), "new", "data"), Fsync: mode, CacheBytes: 1 << 20}
		db := mustOpen(t, opts)
		w := newTwin()
		for i, c := range script(40, 5000) {
			p := mustApply(t, db, c)
			w.apply(c)
			if i%4 == 0 { // many in flight
				check(t, p.Acked())
				check(t, p.Durable())
			}
		}
		if d := w.differs(db); d != "" {
			t.Fatal("before close: ", d)
		}
		size := db.Log(0).Bytes()
		check(t, db.Close())
		db = mustOpen(t, opts)
		if d := w.differs(db); d != "" {
			t.Fatal("after reopen: ", d)
		}
		if got := db.Log(0).Bytes(); got != size || size == 0 {
			t.Errorf("log has %d bytes after reopen, %d before", got, size)
		}
		check(t, db.Close())
		if err := db.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("second close: %v", err)
		}
		if _, err := db.Apply(&Commit{}); !errors.Is(err, ErrClosed) {
			t.Errorf("apply after close: %v", err)
		}
	}
}

func TestADirectoryInUseIsRefusedNamingTheProcess(t *testing.T) {
	dir := t.TempDir()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), "ATOLL_TEST_HOLD="+dir)
	in, err := holder.StdinPipe()
	check(t, err)
	out, err := holder.StdoutPipe()
	check(t, err)
	check(t, holder.Start())
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil || string(line[:n]) != "open\n" {
		t.Fatalf("holder: %q, %v", line[:n], err)
	}
	refused := func(pid int) {
		t.Helper()
		_, err := Open(Options{Dir: dir})
		var inUse *InUseError
		if !errors.Is(err, ErrInUse) || !errors.As(err, &inUse) || inUse.PID != pid {
			t.Fatalf("got %v, want in use by %d", err, pid)
		}
		if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprint("in use by pid ", pid)) {
			t.Errorf("message: %v", err)
		}
	}
	refused(holder.Process.Pid)
	in.Close()
	check(t, holder.Wait())
	db := mustOpen(t, Options{Dir: dir})
	refused(os.Getpid())
	refused(os.Getpid()) // the refusal did not give the lock away
	check(t, db.Close())
}

func TestAnImpossibleDirectoryIsNotCalledInUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(Options{Dir: filepath.Join(file, "data")})
	if err == nil || errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), file) {
		t.Fatalf("got %v", err)
	}
	if _, err := Open(Options{}); err == nil {
		t.Fatal("opened without a directory")
	}
}
