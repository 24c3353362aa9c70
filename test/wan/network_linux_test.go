package wan

import (
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// network makes two hosts. Only who is not root may be without.
func network(t *testing.T) *Network {
	t.Helper()
	n, err := New(2, 1)
	if err != nil {
		if os.Getuid() == 0 {
			t.Fatal(err)
		}
		t.Skipf("NOT CHECKED here, this is not root: %v", err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// probes sends datagrams from host 0 to an echo on host 1.
type probes struct {
	t          *testing.T
	conn, echo net.PacketConn
}

func newProbes(t *testing.T, n *Network) *probes {
	t.Helper()
	p := &probes{t: t}
	var err error
	if p.conn, err = n.Hosts[0].ListenPacket(9); err != nil {
		t.Fatal(err)
	}
	if p.echo, err = n.Hosts[1].ListenPacket(7); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.conn.Close(); p.echo.Close() })
	go func() { // ends when the socket is closed
		buf := make([]byte, 2000)
		for {
			size, from, err := p.echo.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = p.echo.WriteTo(buf[:size], from)
		}
	}()
	return p
}

const probeEvery = time.Millisecond

// echoes sends count probes of a size and returns when each echo came.
func (p *probes) echoes(count, size int, wait time.Duration) (trips []time.Duration) {
	p.t.Helper()
	start := time.Now()
	until := func(d time.Duration) {
		if err := p.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
			p.t.Error(err)
		}
	}
	until(time.Minute)
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() { // beside the reader: sockets hold some 250 packets
		for range count {
			if _, err := p.conn.WriteTo(make([]byte, size), p.echo.LocalAddr()); err != nil {
				p.t.Error(err)
			}
			time.Sleep(probeEvery)
		}
		until(wait)
	})
	buf := make([]byte, 2000)
	for len(trips) < 2*count {
		if _, _, err := p.conn.ReadFrom(buf); err != nil {
			break
		}
		trips = append(trips, time.Since(start))
	}
	return trips
}

func TestDelayIsWhatItSays(t *testing.T) {
	n := network(t)
	p := newProbes(t, n)
	const way = 150 * time.Millisecond
	n.SetAll(Link{Delay: way})
	trips, over := []time.Duration{}, []time.Duration{}
	for range 5 {
		timers := make(chan time.Duration, 1)
		go func() { timers <- twoTimers(way) }()
		got := p.echoes(1, 64, time.Second)
		if len(got) != 1 {
			t.Fatalf("%d echoes of a probe on a link without loss", len(got))
		}
		trips, over = append(trips, got[0]), append(over, got[0]-<-timers)
	}
	slices.Sort(trips)
	// A machine that is busy adds to a single trip, not to the best of five; one whose timers are
	// late adds as much to timers without a network.
	if trips[0] < 2*way || slices.Min(over) > 5*time.Millisecond {
		t.Errorf("150 ms each way read as %v, %v more than two timers", trips, over)
	}
	t.Logf("figure: 150 ms each way reads %v", trips[2].Round(100*time.Microsecond))
}

// twoTimers returns how long two timers take, one after the other.
func twoTimers(d time.Duration) time.Duration {
	start := time.Now()
	for range 2 {
		<-time.After(d)
	}
	return time.Since(start)
}

func TestLossIsWhatItSays(t *testing.T) {
	n := network(t)
	p := newProbes(t, n)
	n.SetAll(Link{Loss: 0.3})
	const count = 1000
	got := len(p.echoes(count, 64, 3*time.Second))
	if lost := count - got; lost < 450 || lost > 570 {
		t.Errorf("30 %% each way lost %d of %d", lost, count)
	}
	t.Logf("figure: 30 %% each way loses %.1f %% of probes", 100*float64(count-got)/count)
}

func TestACutIsOneWay(t *testing.T) {
	n := network(t)
	p := newProbes(t, n)
	n.Set(1, 0, Link{Cut: true})
	if got := p.echoes(5, 64, 200*time.Millisecond); len(got) > 0 {
		t.Errorf("%d echoes crossed a cut link", len(got))
	}
	if c := n.Counts(0, 1); c.Delivered < 5 {
		t.Errorf("the way there: %+v", c)
	}
	if c := n.Counts(1, 0); c.Dropped < 5 || c.Delivered > 0 {
		t.Errorf("the way back: %+v", c)
	}
	n.Set(1, 0, Link{})
	if got := p.echoes(5, 64, time.Second); len(got) < 5 {
		t.Errorf("%d echoes of 5 after healing", len(got))
	}
}

func TestSizesAndDuplicates(t *testing.T) {
	n := network(t)
	p := newProbes(t, n)
	n.Set(0, 1, Link{MaxSize: 1200})
	if a, b := len(p.echoes(3, 1000, time.Second)), len(p.echoes(3, 1300, 100*time.Millisecond)); a != 3 || b != 0 {
		t.Errorf("echoes of small ones %d, of large ones %d", a, b)
	}
	n.Set(0, 1, Link{Duplicate: 1})
	if got := len(p.echoes(3, 64, time.Second)); got != 6 {
		t.Errorf("%d echoes of 3 that were doubled", got)
	}
}

// TestStreams: TCP crosses a bad network whole, and a slow one as slowly as it should.
func TestStreams(t *testing.T) {
	n := network(t)
	n.SetAll(Link{Delay: 5 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.02, Reorder: 0.05, Duplicate: 0.05})
	const size = 200_000
	took := transfer(t, n, size)
	t.Logf("200 kB over a bad link: %v", took)
	n.SetAll(Link{Rate: 125_000})
	took = transfer(t, n, size)
	if took < 1400*time.Millisecond || took > 3*time.Second {
		t.Errorf("200 kB at 1 Mbit/s took %v", took)
	}
	t.Logf("figure: 200 kB at 1 Mbit/s take %v", took.Round(10*time.Millisecond))
}

// transfer sends bytes from host 0 to host 1.
func transfer(t *testing.T, n *Network, size int) time.Duration {
	t.Helper()
	var l net.Listener
	var err error
	n.Hosts[1].Do(func() { l, err = net.Listen("tcp4", n.Hosts[1].IP+":0") })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	start := time.Now()
	go func() {
		c, err := n.Hosts[0].Dial(l.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Error(err)
		}
		c.Close()
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := io.Copy(io.Discard, c)
	if err != nil || got != int64(size) {
		t.Fatalf("%d of %d bytes: %v", got, size, err)
	}
	return time.Since(start)
}

func TestProcessesLiveInTheirHost(t *testing.T) {
	n := network(t)
	cmd := exec.Command("cat", "/proc/net/dev")
	var out strings.Builder
	cmd.Stdout = &out
	if err := n.Hosts[0].Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), device) || strings.Count(out.String(), ":") != 2 {
		t.Errorf("devices seen in the host:\n%s", out.String())
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if c, err := n.Hosts[0].Dial(l.Addr().String()); err == nil {
		c.Close()
		t.Error("a host reaches loopback of this process's own namespace")
	}
}
