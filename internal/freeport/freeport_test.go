package freeport

import (
	"net"
	"testing"
)

func TestBaseGivesPortsThatCanBeTaken(t *testing.T) {
	base, err := Base(30)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address(base+29))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if free(base, 30) {
		t.Error("a range with a listener counts as free")
	}
}

func TestNoPortIsGivenTwice(t *testing.T) {
	given := map[int]bool{}
	for range 5 {
		for _, n := range []int{1, 30, 99} {
			base, err := Base(n)
			if err != nil {
				t.Fatal(err)
			}
			for p := base; p < base+n; p++ {
				if given[p] || p < first || p >= 32_768 {
					t.Fatalf("port %d, of %d from %d", p, n, base)
				}
				given[p] = true
			}
		}
	}
}

// TestAHeldBlockIsLeftAlone stands for another process, which holds blocks as this one does.
func TestAHeldBlockIsLeftAlone(t *testing.T) {
	var other lease
	for other.end == 0 {
		other.take()
	}
	defer other.guardPorts[0].Close()
	for range blocks {
		var ours lease
		ours.take()
		for _, l := range ours.guardPorts {
			l.Close()
		}
		if ours.end == other.end {
			t.Fatalf("the block up to %d is held twice", other.end)
		}
	}
}

func TestTooManyPortsAreRefused(t *testing.T) {
	if _, err := Base(100); err == nil {
		t.Error("100 ports were given")
	}
}
