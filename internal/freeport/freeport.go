package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports lie below those that the system hands out to connections, in blocks. Who
// holds a block listens on its first port until the process ends, so that no other
// process that asks here gets a port of it; the others are given out once each.
const (
	first  = 10_000
	block  = 100
	blocks = 220
	tries  = 2_000
)

// lease is the block that ports are given out of.
type lease struct {
	mu         sync.Mutex
	next, end  int            // guarded by mu
	guardPorts []net.Listener // guarded by mu; never closed
}

var held lease

// Base returns the first of n consecutive ports of loopback, at most 99, that nobody
// listens on, by TCP or UDP. No later call returns any of them, in this process or in
// another one that runs at the same time.
func Base(n int) (int, error) {
	if n >= block {
		return 0, fmt.Errorf("%d consecutive ports; at most %d", n, block-1)
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	for range tries {
		if held.next+n > held.end {
			held.take()
			continue
		}
		base := held.next
		if held.next += n; free(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d consecutive free ports in %d tries", n, tries)
}

// Address returns an address of loopback that nobody listens on, by TCP or UDP, and
// that nobody else gets who asks here.
func Address() (string, error) {
	port, err := Base(1)
	return address(port), err
}

// take takes a block at random, if it is not held.
func (l *lease) take() {
	at := first + block*rand.IntN(blocks)
	guard, err := net.Listen("tcp", address(at))
	if err != nil {
		return
	}
	l.guardPorts = append(l.guardPorts, guard)
	l.next, l.end = at+1, at+block
}

func free(base, n int) bool {
	for p := base; p < base+n; p++ {
		l, err := net.Listen("tcp", address(p))
		if err != nil {
			return false
		}
		l.Close()
		u, err := net.ListenPacket("udp", address(p))
		if err != nil {
			return false
		}
		u.Close()
	}
	return true
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
