package wan

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// HostsMax bounds a network.
const HostsMax = 16

// Network is a set of hosts and the router between them.
type Network struct {
	Hosts []*Host

	wires [][]*wire // from, to; nil on the diagonal
	done  chan struct{}
	work  sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener // guarded by mu
}

// New makes a network of n hosts with perfect links. The error says what this machine
// lacks: root, or /dev/net/tun. Close must be called.
func New(n int, seed uint64) (*Network, error) {
	if n < 2 || n > HostsMax {
		return nil, fmt.Errorf("wan: %d hosts; need 2 to %d", n, HostsMax)
	}
	net := &Network{done: make(chan struct{})}
	for i := range n {
		h, err := newHost(i + 1)
		if err != nil {
			return nil, fmt.Errorf("wan: %w", errors.Join(err, net.Close()))
		}
		net.Hosts = append(net.Hosts, h)
	}
	start := time.Now()
	for i := range n {
		net.wires = append(net.wires, make([]*wire, n))
		for j := range n {
			if i == j {
				continue
			}
			w := newWire(start, seed+uint64(i*n+j), net.Hosts[j].receive)
			net.wires[i][j] = w
			net.work.Go(func() { w.run(net.done) })
		}
	}
	for i := range n {
		net.work.Go(func() { net.route(i) })
	}
	return net, nil
}

// receive gives a packet to the host's kernel. A device that is gone loses it.
func (h *Host) receive(p []byte) { _, _ = h.tun.Write(p) }

// route reads what a host sends until its device is closed.
func (n *Network) route(from int) {
	buf := make([]byte, 64<<10)
	for {
		size, err := n.Hosts[from].tun.Read(buf)
		if err != nil {
			return
		}
		to, ok := n.destination(buf[:size])
		if ok && to != from {
			n.wires[from][to].send(append([]byte(nil), buf[:size]...))
		}
	}
}

// destination finds the host that an IPv4 packet is for.
func (n *Network) destination(p []byte) (int, bool) {
	if len(p) < 20 || p[0]>>4 != 4 || p[16] != 10 || p[17] != 77 || p[18] != 0 {
		return 0, false
	}
	to := int(p[19]) - 1
	return to, to >= 0 && to < len(n.Hosts)
}

// Set changes the link from one host to another, in this direction only.
func (n *Network) Set(from, to int, l Link) { n.wires[from][to].set(l) }

// SetAll changes every link.
func (n *Network) SetAll(l Link) {
	for i := range n.wires {
		for j := range n.wires {
			if i != j {
				n.Set(i, j, l)
			}
		}
	}
}

// Counts tells what a directed link did so far.
func (n *Network) Counts(from, to int) Counts { return n.wires[from][to].counted() }

// Forward listens on loopback of this process's own namespace and passes connections on
// to a port of a host. They do not cross the router.
func (n *Network) Forward(host, port int) (address string, err error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	n.mu.Lock()
	n.listeners = append(n.listeners, l)
	n.mu.Unlock()
	to := fmt.Sprintf("%s:%d", n.Hosts[host].IP, port)
	n.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.work.Go(func() { n.pass(c, n.Hosts[host], to) })
		}
	})
	return l.Addr().String(), nil
}

// pass copies both ways until one side ends, or the network.
func (n *Network) pass(c net.Conn, h *Host, to string) {
	defer c.Close()
	s, err := h.Dial(to)
	if err != nil {
		return
	}
	defer s.Close()
	ended := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(s, c); ended <- struct{}{} }() // ends when the connections are closed
	go func() { _, _ = io.Copy(c, s); ended <- struct{}{} }()
	select {
	case <-ended:
	case <-n.done:
	}
}

// Close ends everything. Processes in the hosts must have ended.
func (n *Network) Close() error {
	close(n.done)
	n.mu.Lock()
	for _, l := range n.listeners {
		_ = l.Close()
	}
	n.mu.Unlock()
	var errs []error
	for _, h := range n.Hosts {
		errs = append(errs, h.tun.SetReadDeadline(time.Now())) // wakes route
	}
	n.work.Wait()
	for _, h := range n.Hosts {
		errs = append(errs, h.close())
	}
	return errors.Join(errs...)
}
