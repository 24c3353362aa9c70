package offheap

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const mib = 1 << 20

// Memory is zero, all of it can be written to, and its words are its bytes.
func TestMemoryIsOneWritablePiece(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 4097, 3*mib + 5} {
		m := New(n)
		b := m.Bytes()
		if len(b) != n || len(m.Words()) != n/8 {
			t.Fatalf("%d bytes: got %d, and %d words", n, len(b), len(m.Words()))
		}
		if slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
			t.Fatalf("%d bytes: not zero", n)
		}
		for i := range b {
			b[i] = 0xff
		}
		for i, w := range m.Words() {
			if w != 1<<64-1 {
				t.Fatalf("%d bytes: word %d is %x", n, i, w)
			}
		}
		runtime.KeepAlive(m)
	}
}

// Memory is not the heap's: otherwise the heap grows with it between two collections.
func TestMemoryIsNotInTheHeap(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system may give none")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := New(256 * mib)
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+64*mib {
		t.Errorf("the heap has grown by %d MiB", (after.HeapAlloc-before.HeapAlloc)/mib)
	}
	runtime.KeepAlive(m)
}

// What nobody holds goes back to the system.
func TestMemoryGoesBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	const size = 128 * mib
	m := New(size)
	for i := 0; i < size; i += 4096 {
		m.Bytes()[i] = 1
	}
	held := resident(t)
	runtime.KeepAlive(m)
	m = nil
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		if resident(t) < held-size*3/4 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d MiB resident with the memory, %d without", held/mib, resident(t)/mib)
		}
	}
}

// resident returns the resident bytes of this process.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
