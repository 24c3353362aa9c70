package respserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xinfo-stream/

// infoEntries is how many entries XINFO STREAM FULL shows when COUNT does not say.
const infoEntries = 10

var rowXInfo = row{
	name: "xinfo", arity: -2, group: "stream", since: "5.0.0", complexity: "Depends on subcommand.", syntax: "XINFO subcommand",
	summary: "Tells about streams.",
	subs: []*row{{
		name: "xinfo|stream", arity: -3, flags: "readonly", categories: "read stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
		complexity: "O(1), and O(N) for N entries returned", syntax: "XINFO STREAM key [FULL [COUNT count]]", summary: "Tells the length of a stream, its last id, and its first and last entries.",
		differs: "The nodes of a radix tree are what Redis would have for so many entries; there is none. `entries-added` counts entries that were deleted in two regions at once as deleted in one.",
		parse:   parseXInfoStream,
	}, {
		name: "xinfo|groups", arity: 3, flags: "readonly", categories: "read stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
		complexity: "O(N) for N entries that are pending", syntax: "XINFO GROUPS key", summary: "Tells about the groups of a stream.",
		differs: countsPending, parse: parseXInfoGroups,
	}, {
		name: "xinfo|consumers", arity: 4, flags: "readonly", categories: "read stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
		complexity: "O(N) for N entries that are pending", syntax: "XINFO CONSUMERS key group", summary: "Tells about the consumers of a group.",
		differs: countsPending, parse: parseXInfoConsumers,
	}},
}

func parseXInfoStream(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XInfoStream{Key: args[1], Full: len(args) > 2, Limit: infoEntries}
	reply := replyStream
	if cmd.Full {
		reply = replyFullStream
		cmd.Limit, cmd.Bad = fullCount(args)
	}
	return operation{cmd, reply}, nil
}

// fullCount reads how many entries are to be shown.
func fullCount(args [][]byte) (int64, error) {
	options := args[2:]
	switch {
	case is(options[0], "FULL") && len(options) == 1:
		return infoEntries, nil
	case !is(options[0], "FULL") || len(options) != 3 || !is(options[1], "COUNT"):
		return 0, errSubSyntax([][]byte{[]byte("XINFO"), args[0]})
	}
	n, err := integer(options[2])
	if n < 0 {
		n = infoEntries
	}
	return n, err
}

// entriesOfNode is how many entries Redis keeps in a node.
const entriesOfNode = 100

// writeStream writes what both forms begin with.
func writeStream(w *resp.Writer, r keyspace.Reply) {
	first := crdt.StreamID{}
	if len(r.Entries) > 0 {
		first = r.Entries[0].ID
	}
	nodes := (r.Stream.Length + entriesOfNode - 1) / entriesOfNode
	for _, x := range []struct {
		name string
		n    int64
	}{{"length", r.Stream.Length}, {"radix-tree-keys", nodes}, {"radix-tree-nodes", nodes + 1}} {
		w.Text(x.name)
		w.Int(x.n)
	}
	for _, x := range []struct {
		name string
		id   crdt.StreamID
	}{{"last-generated-id", r.Stream.Last}, {"max-deleted-entry-id", r.Stream.Deleted}} {
		w.Text(x.name)
		w.Text(x.id.String())
	}
	w.Text("entries-added")
	w.Int(r.Stream.Added())
	w.Text("recorded-first-entry-id")
	w.Text(first.String())
}

func replyStream(w *resp.Writer, r keyspace.Reply) {
	w.Map(10)
	writeStream(w, r)
	w.Text("groups")
	w.Int(r.Int)
	for i, name := range []string{"first-entry", "last-entry"} {
		w.Text(name)
		if len(r.Entries) == 0 {
			w.Null()
			continue
		}
		writeEntry(w, r.Entries[i*(len(r.Entries)-1)])
	}
}

func replyFullStream(w *resp.Writer, r keyspace.Reply) {
	w.Map(9)
	writeStream(w, r)
	w.Text("entries")
	writeEntries(w, r.Entries)
	w.Text("groups")
	w.Array(len(r.Groups))
	for i := range r.Groups {
		writeFullGroup(w, &r.Groups[i])
	}
}
