//go:build unix

package offheap

import "golang.org/x/sys/unix"

// reserve returns memory and what gives it back; that is nil for memory of the heap.
func reserve(n int) (b []byte, free func([]byte)) {
	if n <= 0 {
		return nil, nil
	}
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fromHeap(n), nil
	}
	return b, func(b []byte) { _ = unix.Munmap(b) }
}
