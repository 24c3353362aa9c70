package membership

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/memberlist"
)

// Config says who this node is and how it gossips.
type Config struct {
	// Cluster is the cluster id. Nodes with another one are refused. Required.
	Cluster string
	// Self is this node: region, node, address and HTTP address. Required.
	Self Member
	// Listen is the IP address and port for gossip, UDP and TCP. Port 0 takes any. Required.
	Listen string
	// Advertise is the host and port that others reach Listen by; empty means Listen itself, or a
	// private address of this host when Listen names none.
	Advertise string
	// Seeds are gossip addresses, host:port, to join. Host names are resolved anew each time.
	Seeds []string
	// Known are members remembered from before; they are asked to join too.
	Known []Member
	// Key encrypts and authenticates gossip: 32 bytes, or none.
	Key []byte
	// RejoinInterval is the shortest time between two rounds of joining; a round starts after one to
	// two of it. Default 15 s.
	RejoinInterval time.Duration
	// LeaveTimeout bounds the goodbye when Run ends. Default 2 s.
	LeaveTimeout time.Duration
	// Cuts makes this node deaf to regions, for tests and demonstrations. Nil: never.
	Cuts Cuts
	// Events are told what happens.
	Events Events

	// tune adjusts the engine in tests.
	tune func(*memberlist.Config)
}

// Cuts tells which regions this node must not talk to.
type Cuts interface {
	// Blocked regions are neither heard nor answered.
	Blocked(region string) bool
	// Deaf regions are not heard, but still answered.
	Deaf(region string) bool
	// Changed returns a channel that is closed when the set changes next.
	Changed() <-chan struct{}
}

// Events are optional and called one at a time from Run, except Log, which must be safe for
// concurrent use. None may block for long.
type Events struct {
	// Changed is called with a member's new state or addresses.
	Changed func(Member)
	// Conflict is called when a second node with a known name and another address shows up.
	Conflict func(name, known, other string)
	// Refused is called when a node is not accepted as a member.
	Refused func(name, address string, reason error)
	// Rejoined is called after a round of joining that had somebody to ask.
	Rejoined func(asked, answered int, err error)
	// Log passes on a line of the gossip engine; level is DEBUG, INFO, WARN or ERR.
	Log func(level, line string)
}

// Defaults of Config.
const (
	DefaultRejoinInterval = 15 * time.Second
	DefaultLeaveTimeout   = 2 * time.Second
)

func (c *Config) setDefaults() {
	if c.RejoinInterval == 0 {
		c.RejoinInterval = DefaultRejoinInterval
	}
	if c.LeaveTimeout == 0 {
		c.LeaveTimeout = DefaultLeaveTimeout
	}
}

// Validate reports every problem at once.
func (c *Config) Validate() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Cluster == "" {
		report("cluster: required")
	}
	if len(c.Cluster) > memberlist.LabelMaxSize {
		report("cluster: %d bytes, limit %d", len(c.Cluster), memberlist.LabelMaxSize)
	}
	if c.Self.Region == "" || c.Self.Node == "" {
		report("region and node: required")
	}
	if n := len(c.Self.appendMetadata(nil)); n > maxMetadata {
		report("names and addresses of this node take %d bytes, limit %d", n, maxMetadata)
	}
	if _, err := net.ResolveTCPAddr("tcp", c.Listen); err != nil || c.Listen == "" {
		report("gossip.listen: %q is no host:port", c.Listen)
	}
	if c.Advertise != "" {
		if _, err := net.ResolveTCPAddr("tcp", c.Advertise); err != nil {
			report("gossip.advertise: %w", err)
		}
	}
	for _, seed := range c.Seeds {
		if _, _, err := net.SplitHostPort(seed); err != nil {
			report("gossip.join: %q is no host:port", seed)
		}
	}
	if len(c.Key) != 0 && len(c.Key) != KeyBytes {
		report("gossip.key: %d bytes; need %d", len(c.Key), KeyBytes)
	}
	return errors.Join(problems...)
}
