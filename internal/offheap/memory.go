package offheap

import (
	"runtime"
	"unsafe"
)

// Memory is a piece of memory, zero at first. It goes back to the system some time after nobody holds the Memory any
// more: a slice of it holds nothing. Pages that were never written to take no space.
type Memory struct{ bytes []byte }

// New returns memory of n bytes, from the heap where the system has none to give.
func New(n int) *Memory {
	b, free := reserve(n)
	m := &Memory{bytes: b}
	if free != nil {
		runtime.AddCleanup(m, free, b)
	}
	return m
}

// Bytes returns all of it.
func (m *Memory) Bytes() []byte { return m.bytes }

// Words returns all of it as words of 8 bytes, without a rest that is shorter.
func (m *Memory) Words() []uint64 {
	if len(m.bytes) < 8 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(m.bytes))), len(m.bytes)/8)
}

func fromHeap(n int) []byte { return make([]byte, max(n, 0)) }
