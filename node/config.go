package node

import (
	"fmt"
	"strings"
	"time"
)

// Config is everything a node can be told. The key of each field in files is in the table in
// setting.go, together with its default and its help.
type Config struct {
	// Region labels the failure domain; required, [a-z0-9-]{1,64}.
	Region string
	// Node names this node in its region; [a-z0-9-]{1,64}.
	Node string
	// Cluster is the cluster id; nodes with another one are refused.
	Cluster string
	// DataDir holds everything; required. It is made when it is missing.
	DataDir string
	// Listen is the address for clients and peers (gRPC), host:port.
	Listen string
	// RESP is how clients of Redis reach the node.
	RESP RESPConfig
	// HTTPListen serves health and metrics, host:port; empty is off.
	HTTPListen string
	// Advertise is the address that others use for Listen; empty means Listen.
	Advertise string
	// Gossip finds the other nodes.
	Gossip GossipConfig
	// Peers are gRPC addresses of the other members, host:port.
	Peers []string
	// Fsync is "always" (a write is durable before it is acknowledged) or "interval".
	Fsync string
	// FsyncInterval is the time between syncs when Fsync is "interval".
	FsyncInterval time.Duration
	// MaxOffset is how far clocks may differ.
	MaxOffset time.Duration
	// Log bounds the op log.
	Log LogConfig
	// Origins says what becomes of the incarnations that restarts leave behind.
	Origins OriginsConfig
	// Scrub says how data on disk is looked through for damage.
	Scrub ScrubConfig
	// Backup says where backups go.
	Backup BackupConfig
	// Transfer bounds the transfer of state.
	Transfer TransferConfig
	// Bootstrap tells a new node to serve at once: it waits for no peer that may have data.
	Bootstrap bool
	// Disk says what to do when the disk is full.
	Disk DiskConfig
	// Memory bounds the memory of the process.
	Memory MemoryConfig
	// CacheBytes is what the cells that are kept in memory take, and the block cache.
	CacheBytes int64
	// Limits bound what clients send.
	Limits LimitsConfig
	// Verify is how this node compares itself with its peers.
	Verify VerifyConfig
	// Insecure allows addresses beyond loopback without TLS and authentication.
	Insecure bool
	// Dev has switches for development.
	Dev DevConfig
	// LogLevel is "debug", "info", "warn" or "error".
	LogLevel string
	// LogFormat is "text" or "json".
	LogFormat string
	// DrainTimeout bounds how long a stopping node waits for running calls.
	DrainTimeout time.Duration

	// sources says where each setting came from; by key.
	sources map[string]string
	// unread is set when the file could not be read: nothing is known to be missing then.
	unread bool
}

// GossipConfig says how nodes find each other.
type GossipConfig struct {
	// Listen is the gossip address, UDP and TCP; empty is off.
	Listen string
	// Advertise is the address that others use for Listen; empty means Listen.
	Advertise string
	// Join lists gossip addresses to ask first.
	Join []string
	// KeyFile holds the 32-byte key that encrypts gossip; empty is unencrypted.
	KeyFile string
}

// LogConfig bounds the op log of a shard.
type LogConfig struct {
	// MaxBytes bounds the op log. Beyond it the oldest part goes though a member lacks it: that one
	// catches up by state.
	MaxBytes int64
	// MaxAge bounds how old an update in the op log may be, likewise.
	MaxAge time.Duration
	// RetainBytes of frames are kept though every member has them.
	RetainBytes int64
}

// OriginsConfig says what becomes of the incarnations that restarts leave behind.
type OriginsConfig struct {
	// EndAfter is how long the former incarnation of a node that was restarted is kept apart before it is
	// forgotten, in two steps of this length. A copy of a data directory that is older has to take over
	// what it lacks before it may write.
	EndAfter time.Duration
}

// TransferConfig bounds the transfer of state to nodes that the op log cannot help.
type TransferConfig struct {
	// MaxRate is how many bytes a second are sent to one of them; 0 is no bound.
	MaxRate int64
}

// LimitsConfig bounds requests.
type LimitsConfig struct {
	MaxValueBytes  int64
	MaxKeyBytes    int64
	MaxConnections int64
}

// DevConfig has switches that no production node sets.
type DevConfig struct {
	// Faults allows cutting links by command.
	Faults bool
	// Cut and Deaf are the links that are cut from the start, if Faults: regions that are neither
	// heard nor answered, and regions that are not heard but answered.
	Cut, Deaf []string
	// ClockOffsetFile holds a duration that is added to the clock, if Faults; a missing file is 0.
	ClockOffsetFile string
}

// ConfigError lists everything that is wrong with a configuration.
type ConfigError struct{ Problems []string }

// Error implements error, with one problem per line.
func (e *ConfigError) Error() string { return strings.Join(e.Problems, "\n") }

// problems collects what is wrong, in the order it is found.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &ConfigError{Problems: p}
}

// FlagValue is one setting given on the command line.
type FlagValue struct{ Key, Value string }

// Inputs is where a configuration comes from. Flags win over the environment, it over the file, it
// over the defaults.
type Inputs struct {
	// File is a path; empty is no file.
	File string
	// Environ has the form of os.Environ.
	Environ []string
	Flags   []FlagValue
}

// LoadConfig reads a configuration and checks it. The error is a *ConfigError with every problem at
// once, and the Config is usable for display even then.
func LoadConfig(in Inputs) (Config, error) {
	cfg := DefaultConfig()
	var ps problems
	if in.File != "" {
		cfg.readFile(in.File, &ps)
	}
	cfg.readEnviron(in.Environ, &ps)
	cfg.readFlags(in.Flags, &ps)
	cfg.validate(&ps)
	return cfg, ps.err()
}

// DefaultConfig returns the defaults. Region and DataDir are missing.
func DefaultConfig() Config {
	cfg := Config{sources: map[string]string{}}
	for _, s := range settings {
		if s.def == "" {
			continue
		}
		if err := s.field(&cfg).set(s.def); err != nil {
			panic(fmt.Sprintf("default of %s: %v", s.key, err)) // the table is wrong: every test fails
		}
	}
	return cfg
}

// readFlags overlays the command line. A list given more than once adds up.
func (c *Config) readFlags(flags []FlagValue, ps *problems) {
	values := map[string][]string{}
	for _, f := range flags {
		values[f.Key] = append(values[f.Key], f.Value)
	}
	for _, s := range settings {
		given, ok := values[s.key]
		if !ok {
			continue
		}
		text := given[len(given)-1]
		if s.list {
			text = strings.Join(given, ",")
		}
		if err := s.field(c).set(text); err != nil {
			ps.add("--%s: %v", s.flag(), err)
			c.sources[s.key] = sourceInvalid
			continue
		}
		c.sources[s.key] = "flag --" + s.flag()
	}
}

// sourceInvalid marks a setting whose given value was refused, so that its default or absence is not
// reported on top.
const sourceInvalid = "invalid"

// Origin of a value is another word here: where it was configured is its source.
func (c *Config) source(key string) string {
	if s, ok := c.sources[key]; ok {
		return s
	}
	return "default"
}

// AdvertiseAddress is the address that others use for this node.
func (c *Config) AdvertiseAddress() string {
	if c.Advertise != "" {
		return c.Advertise
	}
	return c.Listen
}
