package membership

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// errCut is what a dial across a cut link returns.
var errCut = errors.New("link is cut by dev.faults")

// addressBook maps gossip addresses to regions. An address stays known when its node is dead: a cut
// must hold then, too.
type addressBook struct {
	mu      sync.RWMutex
	regions map[string]string // guarded by mu
}

func newAddressBook() *addressBook { return &addressBook{regions: map[string]string{}} }

func (b *addressBook) learn(address, region string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.regions[address]; ok || len(b.regions) < 4*maxMembers {
		b.regions[address] = region
	}
}

func (b *addressBook) region(address string) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.regions[address]
}

// A stream comes from a port that names nobody. With dev.faults its dialler therefore says its
// region first: streamMagic, one byte of length, the region. Every node understands that prefix;
// without it a stream passes. The magic differs from each first byte that memberlist sends.
const (
	streamMagic      = 0xA7
	streamFirstBytes = 5 * time.Second
	// maxOpening bounds streams whose first bytes have not arrived yet.
	maxOpening = 64
)

// transport drops what crosses a cut link and passes on everything else.
type transport struct {
	*memberlist.NetTransport
	region  string
	cuts    Cuts
	book    *addressBook
	packets chan *memberlist.Packet
	streams chan net.Conn
	opening chan struct{}
	pumps   sync.WaitGroup

	run      context.Context // ends with Shutdown
	stop     context.CancelFunc
	dialling context.Context // ends before run, so that nothing waits for a silent peer
	hangUp   context.CancelFunc
}

func newTransport(inner *memberlist.NetTransport, region string, cuts Cuts, book *addressBook) *transport {
	t := &transport{
		NetTransport: inner, region: region, cuts: cuts, book: book,
		packets: make(chan *memberlist.Packet), streams: make(chan net.Conn),
		opening: make(chan struct{}, maxOpening),
	}
	t.run, t.stop = context.WithCancel(context.Background())
	t.dialling, t.hangUp = context.WithCancel(t.run)
	t.pumps.Go(t.pumpPackets)
	t.pumps.Go(t.pumpStreams)
	return t
}

// hears reports whether this node listens to a region; an unknown one is heard.
func (t *transport) hears(region string) bool {
	return t.cuts == nil || region == "" || !t.cuts.Blocked(region) && !t.cuts.Deaf(region)
}

// answers reports whether this node talks to a region.
func (t *transport) answers(region string) bool {
	return t.cuts == nil || region == "" || !t.cuts.Blocked(region)
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// WriteToAddress implements memberlist.NodeAwareTransport. A dropped packet is no error, as on a
// real network.
func (t *transport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) {
	if !t.answers(t.book.region(addr.Addr)) {
		return time.Time{}, nil
	}
	return t.NetTransport.WriteToAddress(b, addr)
}

// DialTimeout implements memberlist.Transport.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// DialAddressTimeout implements memberlist.NodeAwareTransport. What is said on a stream is answered
// on it, so a region that is not heard is not dialled.
func (t *transport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if region := t.book.region(addr.Addr); !t.hears(region) {
		return nil, fmt.Errorf("dial region %s: %w", region, errCut)
	}
	dialer := net.Dialer{Timeout: timeout}
	socket, err := dialer.DialContext(t.dialling, "tcp", addr.Addr)
	if err != nil {
		return nil, err
	}
	conn := &dialledConn{Conn: socket, stop: context.AfterFunc(t.dialling, func() { socket.Close() })}
	if t.cuts == nil {
		return conn, nil
	}
	if _, err := conn.Write(append([]byte{streamMagic, byte(len(t.region))}, t.region...)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open gossip stream: %w", err)
	}
	return conn, nil
}

// Shutdown implements memberlist.Transport.
func (t *transport) Shutdown() error {
	// The pumps run on until the listeners are gone: a listener may be waiting to hand over.
	err := t.NetTransport.Shutdown()
	t.stop()
	t.pumps.Wait()
	return err
}

func (t *transport) pumpPackets() {
	for {
		select {
		case p := <-t.NetTransport.PacketCh():
			if !t.hears(t.book.region(p.From.String())) {
				continue
			}
			select {
			case t.packets <- p:
			case <-t.run.Done():
				return
			}
		case <-t.run.Done():
			return
		}
	}
}

func (t *transport) pumpStreams() {
	for {
		select {
		case conn := <-t.NetTransport.StreamCh():
			select {
			case t.opening <- struct{}{}:
				t.pumps.Go(func() { t.open(conn) })
			default:
				conn.Close() // too many silent streams
			}
		case <-t.run.Done():
			return
		}
	}
}

// open reads who is calling and hands the stream over, unless its region is cut off.
func (t *transport) open(conn net.Conn) {
	region, opened, err := readCaller(t.run, conn)
	<-t.opening
	if err != nil || !t.hears(region) {
		conn.Close()
		return
	}
	select {
	case t.streams <- opened:
	case <-t.run.Done():
		conn.Close()
	}
}

// readCaller reads the optional region prefix and returns a connection that yields the rest.
func readCaller(ctx context.Context, conn net.Conn) (string, net.Conn, error) {
	defer time.AfterFunc(streamFirstBytes, func() { conn.Close() }).Stop()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var first [2]byte
	if _, err := io.ReadFull(conn, first[:1]); err != nil {
		return "", nil, err
	}
	if first[0] != streamMagic {
		return "", &openedConn{Conn: conn, first: first[:1]}, nil
	}
	if _, err := io.ReadFull(conn, first[1:]); err != nil {
		return "", nil, err
	}
	region := make([]byte, first[1])
	if _, err := io.ReadFull(conn, region); err != nil {
		return "", nil, err
	}
	return string(region), conn, nil
}

// openedConn gives back the bytes that were read to find out who is calling.
type openedConn struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (c *openedConn) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// dialledConn is closed when the transport hangs up.
type dialledConn struct {
	net.Conn
	stop func() bool
}

// Close implements net.Conn.
func (c *dialledConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
