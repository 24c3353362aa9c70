package node

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// caller is a client of Redis.
type caller struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (r *running) call(t *testing.T) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", r.cfg.RESP.Listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &caller{t, conn, bufio.NewReader(conn)}
}

// publish sends a message, and returns how many the node says that it reached.
func (c *caller) publish(channel, message string) string {
	c.t.Helper()
	fmt.Fprintf(c.conn, "PUBLISH %s %s\r\n", channel, message)
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// subscribe listens to a channel; the messages come out of the Go channel.
func (r *running) subscribe(t *testing.T, channel string) <-chan string {
	t.Helper()
	c, out := r.call(t), make(chan string, 1<<16)
	fmt.Fprintf(c.conn, "SUBSCRIBE %s\r\n", channel)
	lines := func(n int) (last string, err error) {
		for range n {
			if last, err = c.in.ReadString('\n'); err != nil {
				return "", err
			}
		}
		return strings.TrimSpace(last), nil
	}
	if _, err := lines(6); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(out)
		for {
			message, err := lines(7)
			if err != nil {
				return
			}
			out <- message
		}
	}()
	return out
}

// next waits for a message.
func next(t *testing.T, ear <-chan string) string {
	t.Helper()
	select {
	case m := <-ear:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("no message comes")
		return ""
	}
}

// reaches publishes until a message arrives at all of some subscribers, and nothing else does before.
func reaches(t *testing.T, from *caller, mark string, ears ...<-chan string) {
	t.Helper()
	for _, ear := range ears {
		eventually(t, mark+" arrives", func() bool {
			from.publish("news", mark)
			return len(ear) > 0
		})
	}
	from.publish("news", mark+"/end")
	for _, ear := range ears {
		m := mark
		for m == mark {
			m = next(t, ear)
		}
		if m != mark+"/end" {
			t.Fatalf("%q arrives between %q", m, mark)
		}
	}
}

// TestAMessageReachesEveryRegion: at once in order, once; not over a cut link, and again when it is mended.
func TestAMessageReachesEveryRegion(t *testing.T) {
	nodes := trio(t)
	var ears []<-chan string
	for _, n := range nodes {
		ears = append(ears, n.subscribe(t, "news"))
	}
	us := nodes[0].call(t)
	reaches(t, us, "hello", ears...)
	for i := range 500 {
		if got := us.publish("news", fmt.Sprint(i)); got != ":1" {
			t.Fatalf("PUBLISH gives %q; one listens here", got)
		}
	}
	for i := range 500 {
		for r, ear := range ears {
			if got := next(t, ear); got != fmt.Sprint(i) {
				t.Fatalf("%s hears %q, want %d", nodes[r].cfg.Region, got, i)
			}
		}
	}
	nodes[0].cuts.Set([]string{"ap"}, nil)
	nodes[2].cuts.Set([]string{"us"}, nil)
	us.publish("news", "lost")
	for r, ear := range ears[:2] {
		if got := next(t, ear); got != "lost" {
			t.Fatalf("%s, which is not cut off, hears %q", nodes[r].cfg.Region, got)
		}
	}
	nodes[0].cuts.Set(nil, nil)
	nodes[2].cuts.Set(nil, nil)
	reaches(t, us, "again", ears...)
	reaches(t, nodes[1].call(t), "from-eu", ears...)
}
