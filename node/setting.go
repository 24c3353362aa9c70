package node

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setting is one row of the table of everything that can be configured.
type setting struct {
	key   string // in files, with dots for nesting
	def   string
	help  string
	list  bool
	field func(*Config) field
}

// settings is the table. Files, environment, flags, --help, config show and the reference page are
// made from it.
var settings = []setting{
	{key: "region", help: "label of this failure domain (required)", field: func(c *Config) field { return textField{&c.Region} }},
	{key: "node", def: "n1", help: "name of this node in its region", field: func(c *Config) field { return textField{&c.Node} }},
	{key: "cluster", def: "atoll", help: "cluster id; nodes with another one are refused", field: func(c *Config) field { return textField{&c.Cluster} }},
	{key: "data_dir", help: "directory that holds everything (required)", field: func(c *Config) field { return textField{&c.DataDir} }},
	{key: "listen", def: "127.0.0.1:7000", help: "address for clients and peers (gRPC)", field: func(c *Config) field { return textField{&c.Listen} }},
	{key: "resp.listen", def: "127.0.0.1:7001", help: "address for clients of Redis; empty is off", field: func(c *Config) field { return textField{&c.RESP.Listen} }},
	{key: "resp.password_file", help: "file with the password of these clients, mode 0600; without one only those on this host are let in", field: func(c *Config) field { return textField{&c.RESP.PasswordFile} }},
	{key: "resp.idle_timeout", def: "0s", help: "time after which such a connection that sends nothing is ended; 0 is never", field: func(c *Config) field { return durationField{&c.RESP.IdleTimeout} }},
	{key: "http_listen", def: "127.0.0.1:7002", help: "address for health and metrics; empty is off", field: func(c *Config) field { return textField{&c.HTTPListen} }},
	{key: "advertise", help: "address others use to reach listen (default: listen)", field: func(c *Config) field { return textField{&c.Advertise} }},
	{key: "gossip.listen", def: "127.0.0.1:7003", help: "address for gossip, UDP and TCP; empty is off", field: func(c *Config) field { return textField{&c.Gossip.Listen} }},
	{key: "gossip.advertise", help: "address others use to reach gossip.listen (default: gossip.listen)", field: func(c *Config) field { return textField{&c.Gossip.Advertise} }},
	{key: "gossip.join", list: true, help: "gossip addresses of other nodes to ask first", field: func(c *Config) field { return listField{&c.Gossip.Join} }},
	{key: "gossip.key_file", help: "file with the 32-byte gossip key, raw or base64, mode 0600", field: func(c *Config) field { return textField{&c.Gossip.KeyFile} }},
	{key: "peers", list: true, help: "addresses (gRPC) of the other members", field: func(c *Config) field { return listField{&c.Peers} }},
	{key: "fsync", def: "always", help: "when a write is acknowledged: always (durable first) or interval (with the operating system first, soon durable)", field: func(c *Config) field { return choiceField{&c.Fsync, []string{"always", "interval"}} }},
	{key: "fsync_interval", def: "10ms", help: "time between syncs with fsync interval", field: func(c *Config) field { return durationField{&c.FsyncInterval} }},
	{key: "max_offset", def: "500ms", help: "how far clocks may differ; frames stamped further ahead wait", field: func(c *Config) field { return durationField{&c.MaxOffset} }},
	{key: "log.max_bytes", def: "1GiB", help: "op log size; beyond it the oldest updates go, and a member that lacks them catches up by state", field: func(c *Config) field { return sizeField{&c.Log.MaxBytes} }},
	{key: "log.max_age", def: "168h", help: "age of updates in the op log; older ones go, as beyond log.max_bytes; 0 is no bound", field: func(c *Config) field { return durationField{&c.Log.MaxAge} }},
	{key: "log.retain_bytes", def: "64MiB", help: "op log kept though every member has it", field: func(c *Config) field { return sizeField{&c.Log.RetainBytes} }},
	{key: "origins.end_after", def: "1h", help: "time after a restart after which the node's former incarnation is forgotten, in two steps of this length", field: func(c *Config) field { return durationField{&c.Origins.EndAfter} }},
	{key: "scrub.interval", def: "24h", help: "pause between two looks at all data on disk for damage; 0 is never", field: func(c *Config) field { return durationField{&c.Scrub.Interval} }},
	{key: "scrub.rate_bytes", def: "16MiB", help: "bytes a second that such a look reads; 0 is no bound", field: func(c *Config) field { return sizeField{&c.Scrub.RateBytes} }},
	{key: "backup.dir", help: "directory below which backups are made; empty refuses them", field: func(c *Config) field { return textField{&c.Backup.Dir} }},
	{key: "transfer.max_rate", def: "0B", help: "bytes a second of state sent to one node that catches up; 0 is no bound", field: func(c *Config) field { return sizeField{&c.Transfer.MaxRate} }},
	{key: "bootstrap", def: "false", help: "a new node serves at once, and waits for no peer that may have data", field: func(c *Config) field { return boolField{&c.Bootstrap} }},
	{key: "disk.reserve_bytes", def: "64MiB", help: "space kept back for a full disk; at most 1/16 of the disk, 0B is none", field: func(c *Config) field { return sizeField{&c.Disk.ReserveBytes} }},
	{key: "memory.limit_bytes", def: "0B", help: "memory of the process; 0B is half of what the host or container has", field: func(c *Config) field { return sizeField{&c.Memory.LimitBytes} }},
	{key: "cache_bytes", def: "1GiB", help: "cells that are kept in memory, and the block cache", field: func(c *Config) field { return sizeField{&c.CacheBytes} }},
	{key: "limits.max_value_bytes", def: "8MiB", help: "largest value", field: func(c *Config) field { return sizeField{&c.Limits.MaxValueBytes} }},
	{key: "limits.max_key_bytes", def: "64KiB", help: "longest key", field: func(c *Config) field { return sizeField{&c.Limits.MaxKeyBytes} }},
	{key: "limits.max_connections", def: "10000", help: "most connections at a time", field: func(c *Config) field { return countField{&c.Limits.MaxConnections} }},
	{key: "verify.interval", def: "10m", help: "time between comparisons with all peers in the background; 0 is off", field: func(c *Config) field { return durationField{&c.Verify.Interval} }},
	{key: "verify.cells_per_second", def: "200000", help: "how fast comparisons in the background read; 0 is no bound", field: func(c *Config) field { return countField{&c.Verify.CellsPerSecond} }},
	{key: "verify.repair", def: "true", help: "let them heal this node's cells where it can be told who is right", field: func(c *Config) field { return boolField{&c.Verify.Repair} }},
	{key: "insecure", def: "false", help: "allow addresses beyond loopback without TLS and auth; private networks only", field: func(c *Config) field { return boolField{&c.Insecure} }},
	{key: "dev.faults", def: "false", help: "allow links to be cut by command; never in production", field: func(c *Config) field { return boolField{&c.Dev.Faults} }},
	{key: "dev.cut", list: true, help: "with dev.faults: regions neither heard nor answered from the start", field: func(c *Config) field { return listField{&c.Dev.Cut} }},
	{key: "dev.deaf", list: true, help: "with dev.faults: regions not heard, but answered, from the start", field: func(c *Config) field { return listField{&c.Dev.Deaf} }},
	{key: "dev.clock_offset_file", help: "with dev.faults: file with a duration that is added to the clock, read again as it changes", field: func(c *Config) field { return textField{&c.Dev.ClockOffsetFile} }},
	{key: "log_level", def: "info", help: "least level logged: debug, info, warn, error", field: func(c *Config) field {
		return choiceField{&c.LogLevel, []string{"debug", "info", "warn", "error"}}
	}},
	{key: "log_format", def: "text", help: "form of log lines: text or json", field: func(c *Config) field { return choiceField{&c.LogFormat, []string{"text", "json"}} }},
	{key: "drain_timeout", def: "10s", help: "how long a stopping node waits for running calls", field: func(c *Config) field { return durationField{&c.DrainTimeout} }},
}

func (s setting) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.key) }

func (s setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

func findSetting(key string) (setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return settings[i], true
}

// Setting describes one setting to programs that offer flags or print a reference.
type Setting struct {
	Key, Flag, Env, Default, Help string
	// List settings may be given several times; Switch settings need no value.
	List, Switch bool
}

// Settings returns everything that can be configured, in the order of the table.
func Settings() []Setting {
	var out []Setting
	for _, s := range settings {
		_, isBool := s.field(&Config{}).(boolField)
		out = append(out, Setting{Key: s.key, Flag: s.flag(), Env: s.env(), Default: s.def, Help: s.help, List: s.list, Switch: isBool})
	}
	return out
}

// Show writes the configuration as YAML that LoadConfig reads; with sources each line says where its
// value comes from. No secret is part of a configuration: they are named by file.
func (c *Config) Show(w io.Writer, sources bool) error {
	section := ""
	for _, s := range settings {
		name, indent := s.key, ""
		if group, rest, nested := strings.Cut(s.key, "."); nested {
			if group != section {
				if _, err := fmt.Fprintf(w, "%s:\n", group); err != nil {
					return err
				}
			}
			section, name, indent = group, rest, "  "
		}
		line := indent + name + ": " + s.field(c).String()
		if sources {
			line = fmt.Sprintf("%-48s # %s", line, c.source(s.key))
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// field reads and prints one setting. String gives a YAML scalar or flow sequence.
type field interface {
	set(text string) error
	String() string
}

type textField struct{ to *string }

func (f textField) set(s string) error { *f.to = s; return nil }
func (f textField) String() string     { return yamlText(*f.to) }

type listField struct{ to *[]string }

func (f listField) set(s string) error {
	*f.to = nil
	for _, item := range strings.Split(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*f.to = append(*f.to, item)
		}
	}
	return nil
}

func (f listField) String() string {
	items := make([]string, len(*f.to))
	for i, item := range *f.to {
		items[i] = yamlText(item)
	}
	return "[" + strings.Join(items, ", ") + "]"
}

type choiceField struct {
	to      *string
	choices []string
}

func (f choiceField) set(s string) error {
	if !slices.Contains(f.choices, s) {
		return fmt.Errorf("%q is none of %s%s", clip(s), strings.Join(f.choices, ", "), didYouMean(s, f.choices))
	}
	*f.to = s
	return nil
}

func (f choiceField) String() string { return *f.to }

type boolField struct{ to *bool }

func (f boolField) set(s string) error {
	switch s {
	case "true":
		*f.to = true
	case "false":
		*f.to = false
	default:
		return fmt.Errorf("%q is neither true nor false", clip(s))
	}
	return nil
}

func (f boolField) String() string { return strconv.FormatBool(*f.to) }

type countField struct{ to *int64 }

func (f countField) set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no count; use a whole number", clip(s))
	}
	*f.to = n
	return nil
}

func (f countField) String() string { return strconv.FormatInt(*f.to, 10) }

type durationField struct{ to *time.Duration }

func (f durationField) set(s string) error {
	d, err := parseDuration(s)
	if err != nil {
		return err
	}
	*f.to = d
	return nil
}

func (f durationField) String() string { return f.to.String() }

type sizeField struct{ to *int64 }

func (f sizeField) set(s string) error {
	n, err := parseSize(s)
	if err != nil {
		return err
	}
	*f.to = n
	return nil
}

func (f sizeField) String() string { return formatSize(*f.to) }

// yamlText quotes a text that YAML would read as something else.
func yamlText(s string) string {
	plain := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, ":")
	if plain {
		return s
	}
	return strconv.Quote(s)
}
