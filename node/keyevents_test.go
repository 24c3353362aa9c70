package node

import (
	"bufio"
	"fmt"
	"net"
	"testing"
	"time"
)

// TestAClientHearsOfEventsOfOtherRegions: it listens here, somebody writes there.
func TestAClientHearsOfEventsOfOtherRegions(t *testing.T) {
	a, b := pair(t)
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	conn, err := net.Dial("tcp", b.RESP.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	expect := func(want string) {
		t.Helper()
		for got := ""; got != want; {
			line, err := in.ReadString('\n')
			if got += line; err != nil || len(got) > len(want) {
				t.Fatalf("got %q (%v), want %q", got, err, want)
			}
		}
	}
	fmt.Fprint(conn, "CONFIG SET notify-keyspace-events K$\r\nSUBSCRIBE __keyspace@0__:k\r\n")
	expect("+OK\r\n*3\r\n$9\r\nsubscribe\r\n$16\r\n__keyspace@0__:k\r\n:1\r\n")
	us.do(t, set("k", "v"))
	expect("*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n")
	if got := eu.get(t, "k"); got != "v" {
		t.Errorf("told of a change, and %q is shown", got)
	}
}
