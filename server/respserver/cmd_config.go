package respserver

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/internal/namespace"
)

// See https://redis.io/commands/config-get/

const configAdmin = "admin dangerous"

var rowConfig = row{
	name: "config", arity: -2, group: "server", since: "2.0.0", complexity: "Depends on subcommand.", syntax: "CONFIG subcommand",
	summary: "Reads and changes settings.",
	subs: []*row{
		{
			name: "config|get", arity: -3, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.0.0",
			complexity: "O(N) for N settings", syntax: "CONFIG GET parameter [parameter ...]", summary: "Returns the settings whose names match.",
			differs: "It has the settings of Redis that mean something here. Those of the node are in its own configuration: `atolld config show`.",
			run:     runConfigGet,
		},
		{
			name: "config|set", arity: -4, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.0.0",
			complexity: "O(N) for N settings", syntax: "CONFIG SET parameter value [parameter value ...]", summary: "Changes settings until the node stops.",
			differs: "Only `maxclients`, up to what there was room for at the start, `notify-keyspace-events`, `timeout`, `slowlog-log-slower-than`, `slowlog-max-len`, up to 1,024, and `tracking-table-max-keys`, 1 to 1,000,000 pairs of key and client, can be changed.",
			run:     runConfigSet,
		},
		{
			name: "config|resetstat", arity: 2, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.0.0",
			complexity: "O(1)", syntax: "CONFIG RESETSTAT", summary: "Sets the counters of INFO's sections Stats and Commandstats, and those of LATENCY HISTOGRAM, to 0.",
			run: func(c *conn, _ [][]byte) error {
				c.s.stats.reset()
				for _, one := range c.s.commands {
					one.reset()
				}
				c.out.Simple("OK")
				return nil
			},
		},
	},
}

// parameter is one setting as Redis names it. A nil set is one that cannot be changed.
type parameter struct {
	name string
	get  func(*Server) string
	set  func(*Server, int64)
	// least and most bound what it can be set to.
	least int64
	most  func(*Server) int64
	// choose sets it to a text; ok is false where it is none that it can be. Nil is a number.
	choose func(s *Server, text string) (set func(), ok bool)
	// refusal is what is told then.
	refusal string
}

func constant(value string) func(*Server) string { return func(*Server) string { return value } }

var parameters = []parameter{
	{name: "appendonly", get: constant("yes")},
	{name: "databases", get: constant(strconv.Itoa(namespace.Numbers))},
	{
		name: "maxclients", least: 1, most: func(s *Server) int64 { return int64(s.cfg.MaxClients) }, get: func(s *Server) string { return strconv.FormatInt(s.maxClients.Load(), 10) },
		set: func(s *Server, n int64) { s.maxClients.Store(n) },
	},
	{name: "maxmemory", get: func(s *Server) string { return strconv.FormatInt(s.cfg.MemoryBytes, 10) }},
	{name: "maxmemory-policy", get: constant("noeviction")},
	{
		name: "notify-keyspace-events", get: func(s *Server) string { return s.keyEvents.String() }, choose: chooseEvents,
		refusal: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
	},
	{name: "proto-max-bulk-len", get: func(s *Server) string { return strconv.Itoa(s.cfg.Dispatcher.Limits().ValueBytes) }},
	{name: "protected-mode", get: constant("yes")},
	{name: "save", get: constant("")},
	{
		name: "slowlog-log-slower-than", least: -1, most: func(*Server) int64 { return math.MaxInt64 / 1000 },
		get: func(s *Server) string { return strconv.FormatInt(s.slowlog.slower.Load(), 10) }, set: func(s *Server, n int64) { s.slowlog.slower.Store(n) },
	},
	{
		name: "slowlog-max-len", most: func(*Server) int64 { return slowlogMost },
		get: func(s *Server) string { return strconv.FormatInt(s.slowlog.kept.Load(), 10) }, set: func(s *Server, n int64) { s.slowlog.keep(n) },
	},
	{
		name: "timeout", most: func(*Server) int64 { return math.MaxInt32 }, get: func(s *Server) string { return strconv.FormatInt(seconds(time.Duration(s.idleTimeout.Load())), 10) },
		set: func(s *Server, n int64) { s.idleTimeout.Store(n * int64(time.Second)) },
	},
	{
		name: "tracking-table-max-keys", least: 1, most: func(s *Server) int64 { return int64(s.cfg.TrackedMax) },
		get: func(s *Server) string { return strconv.Itoa(s.tracked.limitNow()) }, set: func(s *Server, n int64) { s.tracked.limit(n) },
	},
}

func chooseEvents(s *Server, text string) (set func(), ok bool) {
	bits, ok := readEvents(text)
	return func() { s.notifyEvents(bits) }, ok
}

func runConfigGet(c *conn, args [][]byte) error {
	var found []parameter
	for _, p := range parameters {
		for _, pattern := range args[2:] {
			if len(pattern) <= patternBytes && glob.Match([]byte(strings.ToLower(string(pattern))), []byte(p.name)) {
				found = append(found, p)
				break
			}
		}
	}
	c.out.Map(len(found))
	for _, p := range found {
		c.out.Text(p.name)
		c.out.Text(p.get(c.s))
	}
	return nil
}

// runConfigSet changes all settings or none.
func runConfigSet(c *conn, args [][]byte) error {
	if len(args)%2 != 0 {
		return errArity(lookUp([]byte("config|set")))
	}
	var apply []func()
	for args = args[2:]; len(args) > 0; args = args[2:] {
		p := findParameter(args[0])
		if p == nil {
			return refusef("ERR Unknown option or number of arguments for CONFIG SET - '%s'", echo(args[0]))
		}
		set, why := p.read(c.s, args[1])
		if why != "" {
			return refusef("ERR CONFIG SET failed (possibly related to argument '%s') - %s", p.name, why)
		}
		apply = append(apply, set)
	}
	for _, set := range apply {
		set()
	}
	c.out.Simple("OK")
	return nil
}

func findParameter(name []byte) *parameter {
	for i := range parameters {
		if is(name, strings.ToUpper(parameters[i].name)) {
			return &parameters[i]
		}
	}
	return nil
}

// read reads a new value and returns what sets it, or tells why it is refused.
func (p *parameter) read(s *Server, value []byte) (set func(), why string) {
	if p.choose != nil {
		set, ok := p.choose(s, string(value))
		if !ok {
			return nil, p.refusal
		}
		return set, ""
	}
	if p.set == nil {
		return nil, "can't set immutable config"
	}
	n, err := integer(value)
	switch {
	case err != nil:
		return nil, "argument couldn't be parsed into an integer"
	case n < p.least || n > p.most(s):
		return nil, "argument must be between " + strconv.FormatInt(p.least, 10) + " and " + strconv.FormatInt(p.most(s), 10) + " inclusive"
	default:
		return func() { p.set(s, n) }, ""
	}
}
