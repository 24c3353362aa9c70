package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// tries bounds the search.
const tries = 500

// Base returns the first of n consecutive ports of loopback that nobody listens on, by
// TCP or UDP, below those that the system hands out to connections. Somebody may take
// one before the caller does.
func Base(n int) (int, error) {
	for range tries {
		base := 10_000 + 10*rand.IntN(2_200-n/10)
		if free(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d consecutive free ports in %d tries", n, tries)
}

func free(base, n int) bool {
	for p := base; p < base+n; p++ {
		address := fmt.Sprintf("127.0.0.1:%d", p)
		l, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		l.Close()
		u, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		u.Close()
	}
	return true
}
