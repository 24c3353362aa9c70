//go:build !unix

package offheap

// reserve returns memory of the heap.
func reserve(n int) (b []byte, free func([]byte)) { return fromHeap(n), nil }
