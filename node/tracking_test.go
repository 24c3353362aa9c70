package node

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// TestAClientIsToldOfWritesOfOtherRegions: it reads a key here, somebody writes it there.
func TestAClientIsToldOfWritesOfOtherRegions(t *testing.T) {
	a, b := pair(t)
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.do(t, set("k", "old"))
	eventually(t, "eu has what us wrote", func() bool { return eu.get(t, "k") == "old" })
	conn, err := net.Dial("tcp", b.RESP.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\nPING\r\n")
	read := ""
	for !strings.Contains(read, "+PONG") {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err, read)
		}
		read += line
	}
	if !strings.HasSuffix(read, "+OK\r\n$3\r\nold\r\n+PONG\r\n") {
		t.Fatalf("got %q", read)
	}
	us.do(t, set("k", "new"))
	told := ""
	for range 6 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		told += line
	}
	if want := ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"; told != want {
		t.Fatalf("told %q, want %q", told, want)
	}
	if got := eu.get(t, "k"); got != "new" {
		t.Errorf("told of a change, and %q is shown", got)
	}
}
