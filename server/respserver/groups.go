package respserver

import (
	"strconv"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// What differs with groups, for help.
const differsGroups = "Consumers, what is pending with them and how far was delivered are those of the region."

// countsPending is beside it where all of that is read.
const countsPending = differsGroups + " It counts what is pending by reading it: some 60 ms for 100,000 entries, beside all else; where `MULTI` also writes, or keys are watched, all writes of the node wait for that."

// dropsPending is beside what deletes what is pending.
const dropsPending = " All of that is one update, for which other writes wait: 20 s for 300,000 entries that are pending, on two busy cores. More than some 450,000, or fewer where names are long, do not fit it, and are refused: acknowledge some before."

// groupOf names a group, and says how commands are refused that find none.
func groupOf(key, group []byte) command.GroupOf {
	return command.GroupOf{Key: key, Group: group, NoGroup: refusef("NOGROUP No such key '%s' or consumer group '%s'", named(key), named(group))}
}

// named is an argument that Redis repeats in an error up to a zero byte.
func named(b []byte) string { return upTo(b, len(b)) }

// See https://redis.io/commands/xinfo-groups/ and https://redis.io/commands/xinfo-consumers/

func parseXInfoGroups(args [][]byte, _ *server.Limits) (operation, error) {
	return operation{command.XInfoGroups{Key: args[1]}, replyGroups}, nil
}

func parseXInfoConsumers(args [][]byte, _ *server.Limits) (operation, error) {
	g := groupOf(args[1], args[2])
	g.NoKey = refusal("ERR no such key")
	g.NoGroup = refusef("NOGROUP No such consumer group '%s' for key name '%s'", named(args[2]), named(args[1]))
	return operation{command.XInfoConsumers{GroupOf: g}, replyConsumers}, nil
}

// writePlace writes how far a group is.
func writePlace(w *resp.Writer, g *keyspace.GroupInfo) {
	w.Text("last-delivered-id")
	w.Text(g.Last.String())
	w.Text("entries-read")
	if g.Read == crdt.UnknownRead {
		w.Null()
	} else {
		w.Int(g.Read)
	}
	w.Text("lag")
	if !g.LagKnown {
		w.Null()
	} else {
		w.Int(g.Lag)
	}
}

func replyGroups(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Groups))
	for i := range r.Groups {
		g := &r.Groups[i]
		w.Map(6)
		w.Text("name")
		w.Bulk(g.Name)
		w.Text("consumers")
		w.Int(int64(len(g.Consumers)))
		w.Text("pending")
		w.Int(g.Pending)
		writePlace(w, g)
	}
}

func replyConsumers(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Consumers))
	for _, c := range r.Consumers {
		w.Map(3)
		w.Text("name")
		w.Bulk(c.Name)
		w.Text("pending")
		w.Int(c.Pending)
		w.Text("idle")
		w.Int(max(0, r.Int-c.Seen))
	}
}

// writeFullGroup writes a group for XINFO STREAM FULL.
func writeFullGroup(w *resp.Writer, g *keyspace.GroupInfo) {
	w.Map(7)
	w.Text("name")
	w.Bulk(g.Name)
	writePlace(w, g)
	w.Text("pel-count")
	w.Int(g.Pending)
	w.Text("pending")
	w.Array(len(g.List))
	for _, p := range g.List {
		w.Array(4)
		w.Text(p.ID.String())
		w.Bulk(p.Consumer)
		w.Int(p.Since)
		w.Int(p.Times)
	}
	w.Text("consumers")
	w.Array(len(g.Consumers))
	for _, c := range g.Consumers {
		w.Map(4)
		w.Text("name")
		w.Bulk(c.Name)
		w.Text("seen-time")
		w.Int(c.Seen)
		w.Text("pel-count")
		w.Int(c.Pending)
		w.Text("pending")
		w.Array(len(c.List))
		for _, p := range c.List {
			w.Array(3)
			w.Text(p.ID.String())
			w.Int(p.Since)
			w.Int(p.Times)
		}
	}
}

// writeGiven writes entries, those without fields as null.
func writeGiven(w *resp.Writer, list []keyspace.Entry) {
	w.Array(len(list))
	for _, e := range list {
		if e.Fields != nil {
			writeEntry(w, e)
			continue
		}
		w.Array(2)
		w.Text(e.ID.String())
		w.NullArray()
	}
}

// writeIDs writes the ids of entries.
func writeIDs(w *resp.Writer, list []keyspace.Entry) {
	w.Array(len(list))
	for _, e := range list {
		w.Text(e.ID.String())
	}
}

func textOfInt(n int64) string { return strconv.FormatInt(n, 10) }
