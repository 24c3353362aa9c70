package wan

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	device = "wan0"
	mtu    = 1500
)

// Host is one network namespace. Everything that is done in it is done on one thread of
// its own, which belongs to the namespace for good.
type Host struct {
	// IP is the address of the host for the others.
	IP string

	tun  *os.File
	jobs chan func()
	done chan struct{}
}

// newHost makes a namespace with a TUN device that has the address 10.77.0.n.
func newHost(n int) (*Host, error) {
	h := &Host{IP: fmt.Sprintf("10.77.0.%d", n), jobs: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go h.live(ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	return h, nil
}

// live runs jobs in the namespace until Close. The thread ends with it: it is locked
// and never given back.
func (h *Host) live(ready chan<- error) {
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		err = h.configure()
	}
	ready <- err
	if err != nil {
		return
	}
	for job := range h.jobs {
		job()
	}
	close(h.done)
}

func (h *Host) configure() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(s)
	if err := up(s, "lo"); err != nil {
		return err
	}
	if h.tun, err = openTUN(); err != nil {
		return err
	}
	if err := address(s, unix.SIOCSIFADDR, net.ParseIP(h.IP)); err != nil {
		return err
	}
	if err := address(s, unix.SIOCSIFNETMASK, net.IPv4(255, 255, 255, 0)); err != nil {
		return err
	}
	r, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	r.SetUint32(mtu)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFMTU, r); err != nil {
		return fmt.Errorf("set MTU: %w", err)
	}
	return up(s, device)
}

// openTUN makes the device in the namespace of the thread.
func openTUN() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq(device)
	if err == nil {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, r)
	}
	if err != nil {
		return nil, fmt.Errorf("make TUN device: %w", errors.Join(err, unix.Close(fd)))
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

func address(socket int, request uint, ip net.IP) error {
	r, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	if err := r.SetInet4Addr(ip.To4()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, request, r); err != nil {
		return fmt.Errorf("set address %v: %w", ip, err)
	}
	return nil
}

func up(socket int, name string) error {
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, r); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}

// Do runs f on the thread of the host: sockets that it makes belong to the host. It must
// not be called after Close.
func (h *Host) Do(f func()) {
	ended := make(chan struct{})
	h.jobs <- func() { defer close(ended); f() }
	<-ended
}

// Start starts a process in the host. The process ends with this one.
func (h *Host) Start(cmd *exec.Cmd) (err error) {
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	h.Do(func() { err = cmd.Start() })
	return err
}

// Dial opens a TCP connection from the host to an address, which may be its own.
func (h *Host) Dial(address string) (conn net.Conn, err error) {
	h.Do(func() { conn, err = net.Dial("tcp4", address) })
	return conn, err
}

// ListenPacket takes a UDP port of the host.
func (h *Host) ListenPacket(port int) (conn net.PacketConn, err error) {
	h.Do(func() { conn, err = net.ListenPacket("udp4", fmt.Sprintf("%s:%d", h.IP, port)) })
	return conn, err
}

func (h *Host) close() error {
	close(h.jobs)
	<-h.done
	return h.tun.Close()
}
