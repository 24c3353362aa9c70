package respserver

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/info/

var rowInfo = row{
	name: "info", arity: -1, flags: "loading stale", categories: "dangerous",
	group: "server", since: "1.0.0", complexity: "O(1)", syntax: "INFO [section [section ...]]",
	summary: "Describes the node.",
	differs: "It has the sections Server, Clients, Memory, Persistence, Stats, Replication, CPU and, of its own, Atoll; where they are named, or with all, also Commandstats and Keyspace, which counts as DBSIZE does.",
	run:     runInfo,
}

// section is one part of INFO.
type section struct {
	title  string
	fields func(*Server) []Field
	// named: it is there only where it is asked for.
	named bool
}

var sections = []section{
	{title: "Server", fields: (*Server).infoServer},
	{title: "Clients", fields: (*Server).infoClients},
	{title: "Memory", fields: (*Server).infoMemory},
	{title: "Persistence", fields: (*Server).infoPersistence},
	{title: "Stats", fields: (*Server).infoStats},
	{title: "Replication", fields: (*Server).infoReplication},
	{title: "CPU", fields: (*Server).infoCPU},
	{title: "Commandstats", fields: (*Server).infoCommands, named: true},
	{title: "Keyspace", fields: (*Server).infoKeyspace, named: true},
	{title: "Atoll", fields: (*Server).infoAtoll},
}

func runInfo(c *conn, args [][]byte) error {
	wanted := map[string]bool{}
	for _, arg := range args[1:] {
		wanted[string(bytes.ToLower(arg))] = true
	}
	all := wanted["all"] || wanted["everything"]
	usual := len(wanted) == 0 || wanted["default"]
	var parts []string
	for _, s := range sections {
		if all || usual && !s.named || wanted[strings.ToLower(s.title)] {
			parts = append(parts, s.text(c.s))
		}
	}
	c.out.Verbatim(strings.Join(parts, "\r\n"))
	return nil
}

func (s *section) text(of *Server) string {
	var b strings.Builder
	b.WriteString("# " + s.title + "\r\n")
	for _, f := range s.fields(of) {
		b.WriteString(f.Name + ":" + f.Value + "\r\n")
	}
	return b.String()
}

func number[T int | int64 | uint64](name string, n T) Field { return Field{name, fmt.Sprint(n)} }

func (s *Server) infoServer() []Field {
	up := seconds(time.Since(s.started))
	millis, _ := s.cfg.Wall.Read()
	return []Field{
		{"redis_version", redisVersion},
		{"redis_mode", "standalone"},
		{"os", runtime.GOOS + " " + runtime.GOARCH},
		number("arch_bits", strconv.IntSize),
		number("process_id", os.Getpid()),
		number("server_time_usec", millis*1000),
		number("uptime_in_seconds", up),
		number("uptime_in_days", up/(24*3600)),
		{"atoll_version", s.cfg.Version},
	}
}

func (s *Server) infoClients() []Field {
	tracking, keys, items := s.tracked.counts()
	return []Field{
		number("connected_clients", len(s.clients())),
		number("maxclients", s.maxClients.Load()),
		number("blocked_clients", 0),
		number("tracking_clients", tracking),
		number("tracking_total_keys", keys),
		number("tracking_total_items", items),
	}
}

func (s *Server) infoMemory() []Field {
	used := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(used)
	return []Field{
		number("used_memory", used[0].Value.Uint64()),
		number("maxmemory", s.cfg.MemoryBytes),
		{"maxmemory_policy", "noeviction"},
	}
}

func (s *Server) infoStats() []Field {
	return []Field{
		number("total_connections_received", s.stats.connections.Load()),
		number("total_commands_processed", s.stats.commands.Load()),
		number("total_net_input_bytes", s.stats.in.Load()),
		number("total_net_output_bytes", s.stats.out.Load()),
		number("rejected_connections", s.stats.rejected.Load()),
	}
}

func (s *Server) infoReplication() []Field {
	return []Field{{"role", "master"}, number("connected_slaves", 0)}
}

func (s *Server) infoPersistence() []Field {
	return []Field{{"loading", "0"}, {"rdb_bgsave_in_progress", "0"}, {"aof_enabled", "1"}, {"aof_rewrite_in_progress", "0"}, {"aof_last_write_status", "ok"}}
}

func (s *Server) infoCPU() []Field {
	user, system := cpuTimes()
	return []Field{{"used_cpu_sys", fmt.Sprintf("%.6f", system.Seconds())}, {"used_cpu_user", fmt.Sprintf("%.6f", user.Seconds())}}
}

// infoCommands lists the commands that were called, in the order of the table.
func (s *Server) infoCommands() (list []Field) {
	add := func(r *row) {
		if one := s.commands[r.name]; one != nil && one.line() != "" {
			list = append(list, Field{"cmdstat_" + r.name, one.line()})
		}
	}
	for _, r := range rows {
		add(r)
		for _, sub := range r.subs {
			add(sub)
		}
	}
	return list
}

// countWait is how long INFO counts keys; the next one goes on from there.
const countWait = 5 * time.Second

// infoKeyspace tells of the namespaces that have keys; nothing where they cannot be counted now.
func (s *Server) infoKeyspace() (list []Field) {
	ctx, cancel := context.WithTimeout(context.Background(), countWait)
	defer cancel()
	replies, err := s.cfg.Dispatcher.Do(ctx, namespace.Default, command.Namespaces{})
	if err != nil {
		return nil
	}
	for _, x := range replies[0].Spaces {
		list = append(list, Field{infoSpace(x.Name), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=0", x.Size.Keys, x.Size.Ending)})
	}
	return list
}

// infoSpace is how a namespace is called in INFO.
func infoSpace(n namespace.Name) string {
	if number, ok := n.Number(); ok {
		return fmt.Sprintf("db%d", number)
	}
	return "namespace_" + n.String()
}

func (s *Server) infoAtoll() []Field {
	if s.cfg.About == nil {
		return nil
	}
	return s.cfg.About()
}

func (s *stats) reset() {
	for _, n := range []interface{ Store(int64) }{&s.commands, &s.connections, &s.rejected, &s.in, &s.out} {
		n.Store(0)
	}
}
