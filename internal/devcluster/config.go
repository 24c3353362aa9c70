package devcluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Bounds and times of a cluster.
const (
	RegionsMax   = 20
	portsPerNode = 10

	// ReadyWait bounds how long a node may take to become ready.
	ReadyWait = 60 * time.Second
	// StopWait is how long a node may take to end after SIGTERM before it gets SIGKILL.
	StopWait = 15 * time.Second
)

// Config says what to run.
type Config struct {
	// Regions are the labels, one node each; default us, eu, ap.
	Regions []string
	// Data is the directory for everything; empty makes a temporary one.
	Data string
	// BasePort is the first port; region i has BasePort+10i and the three behind it. Default 7000.
	BasePort int
	// Keep leaves a temporary directory in place.
	Keep bool
	// Binary is the path of atolld; empty finds it.
	Binary string
	// Env is the environment of the nodes.
	Env []string
	// Connect reaches the faults of a node; required.
	Connect LinkCutter
	// Events tell what happens; all may be nil.
	Events Events
}

// Events report to the one who runs the cluster.
type Events struct {
	// Waiting is called when nodes take long to become ready.
	Waiting func(regions []string)
	// Ready is called once, when all nodes are.
	Ready func(Status)
	// Died is called when a node ends without being asked to, with the tail of its log.
	Died func(n Node, how string, tail []byte)
	// Stopping is called when the cluster begins to stop.
	Stopping func()
}

var regionName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func (c *Config) setDefaults() {
	if len(c.Regions) == 0 {
		c.Regions = []string{"us", "eu", "ap"}
	}
	if c.BasePort == 0 {
		c.BasePort = 7000
	}
}

// Validate reports every problem at once.
func (c *Config) Validate() error {
	var problems []error
	if len(c.Regions) > RegionsMax {
		problems = append(problems, fmt.Errorf("%d regions are more than %d", len(c.Regions), RegionsMax))
	}
	for i, r := range c.Regions {
		if !regionName.MatchString(r) {
			problems = append(problems, fmt.Errorf("region %q: use 1 to 64 of a-z, 0-9 and -", r))
		}
		if slices.Contains(c.Regions[:i], r) {
			problems = append(problems, fmt.Errorf("region %q is named twice", r))
		}
	}
	if last := c.BasePort + portsPerNode*len(c.Regions); c.BasePort < 1 || last > 65535 {
		problems = append(problems, fmt.Errorf("base port %d: with %d regions use 1 to %d", c.BasePort, len(c.Regions), 65535-portsPerNode*len(c.Regions)))
	}
	return errors.Join(problems...)
}

// ErrNoBinary is returned when atolld is nowhere to be found.
var ErrNoBinary = errors.New("atolld is neither beside atoll nor in PATH")

// FindBinary looks for atolld: in the variable ATOLL_ATOLLD, beside this executable, in PATH.
func FindBinary(getenv func(string) string) (string, error) {
	if path := getenv("ATOLL_ATOLLD"); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", fmt.Errorf("ATOLL_ATOLLD: %w", err)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if resolved, err := filepath.EvalSymlinks(self); err == nil {
			self = resolved
		}
		beside := filepath.Join(filepath.Dir(self), "atolld")
		if _, err := exec.LookPath(beside); err == nil {
			return beside, nil
		}
	}
	if path, err := exec.LookPath("atolld"); err == nil {
		return path, nil
	}
	return "", ErrNoBinary
}

// portsInUse returns the first addresses of the cluster that something else listens on.
func portsInUse(nodes []*process) []string {
	var used []string
	for _, n := range nodes {
		for _, address := range []string{n.GRPC, n.RESP, n.HTTP, n.Gossip} {
			l, err := net.Listen("tcp", address)
			if err != nil {
				used = append(used, address)
				continue
			}
			_ = l.Close() // it was only tried
		}
		if p, err := net.ListenPacket("udp", n.Gossip); err != nil {
			used = append(used, n.Gossip+" (udp)")
		} else {
			_ = p.Close() // it was only tried
		}
	}
	return used
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// tail returns the last lines of a file, at most max bytes.
func tail(path string, max int64) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	if _, err := f.Seek(-min(max, info.Size()), io.SeekEnd); err != nil {
		return nil
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	return text
}
