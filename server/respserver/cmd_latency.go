package respserver

import "strings"

// See https://redis.io/commands/latency-histogram/

const differsLatency = "No events are recorded, as in Redis until it is told to: see SLOWLOG, LATENCY HISTOGRAM and the metric `atoll_request_seconds`."

var rowLatency = row{
	name: "latency", arity: -2, group: "server", since: "2.8.13", complexity: "Depends on subcommand.", syntax: "LATENCY subcommand",
	summary: "Tells how long commands take.",
	subs: []*row{
		{
			name: "latency|histogram", arity: -2, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "7.0.0",
			complexity: "O(N) for N commands", syntax: "LATENCY HISTOGRAM [command [command ...]]", summary: "Returns how many calls took up to how many microseconds.",
			run: runHistogram,
		},
		{
			name: "latency|latest", arity: 2, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.8.13",
			complexity: "O(1)", syntax: "LATENCY LATEST", summary: "Returns no events.", differs: differsLatency,
			run: func(c *conn, _ [][]byte) error { c.out.Array(0); return nil },
		},
		{
			name: "latency|history", arity: 3, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.8.13",
			complexity: "O(1)", syntax: "LATENCY HISTORY event", summary: "Returns no events.", differs: differsLatency,
			run: func(c *conn, _ [][]byte) error { c.out.Array(0); return nil },
		},
		{
			name: "latency|graph", arity: 3, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.8.13",
			complexity: "O(1)", syntax: "LATENCY GRAPH event", summary: "Finds no events.", differs: differsLatency,
			run: func(_ *conn, args [][]byte) error {
				return refusef("ERR No samples available for event '%s'", echo(args[2]))
			},
		},
		{
			name: "latency|reset", arity: -2, flags: flagsClientAdmin, categories: configAdmin, group: "server", since: "2.8.13",
			complexity: "O(1)", syntax: "LATENCY RESET [event [event ...]]", summary: "Forgets no events.", differs: differsLatency,
			run: func(c *conn, _ [][]byte) error { c.out.Int(0); return nil },
		},
	},
}

// runHistogram writes a map of commands, each with its calls and a map of durations.
func runHistogram(c *conn, args [][]byte) error {
	var names []string
	add := func(r *row) {
		if s := c.s.commands[r.name]; s != nil && s.calls.Load() > 0 {
			names = append(names, r.name)
		}
	}
	for _, r := range wantedRows(args[2:]) {
		add(r)
		for _, sub := range r.subs {
			add(sub)
		}
	}
	c.out.Map(len(names))
	for _, name := range names {
		c.out.Text(name)
		c.writeHistogram(c.s.commands[name])
	}
	return nil
}

// wantedRows returns the rows of that names, or all; names that are not in the table are left out.
func wantedRows(names [][]byte) (list []*row) {
	if len(names) == 0 {
		return rows
	}
	for _, name := range names {
		if r := table[strings.ToLower(echo(name))]; r != nil {
			list = append(list, r)
		}
	}
	return list
}

func (c *conn) writeHistogram(s *commandStats) {
	type step struct{ micros, calls int64 }
	var steps []step
	sum := int64(0)
	for i := range s.buckets {
		if n := s.buckets[i].Load(); n > 0 {
			sum += n
			steps = append(steps, step{bucketMicros(i), sum})
		}
	}
	c.out.Map(2)
	c.out.Text("calls")
	c.out.Int(sum)
	c.out.Text("histogram_usec")
	c.out.Map(len(steps))
	for _, s := range steps {
		c.out.Int(s.micros)
		c.out.Int(s.calls)
	}
}
