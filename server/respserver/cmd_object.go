package respserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/object-encoding/

const errNoFrequency refusal = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

var rowObject = row{
	name: "object", arity: -2, group: "generic", since: "2.2.3", complexity: "Depends on subcommand.", syntax: "OBJECT subcommand",
	summary: "Tells about what keys hold.",
	subs: []*row{
		{
			name: "object|encoding", arity: 3, flags: "readonly", categories: "keyspace read", first: 2, last: 2, step: 1, group: "generic", since: "2.2.3",
			complexity: "O(N) for the elements of a small collection", syntax: "OBJECT ENCODING key", summary: "Names how Redis would keep what the key holds.",
			differs: "It follows from what the key holds now, and says nothing about how that is stored here.",
			parse: func(args [][]byte, _ *server.Limits) (operation, error) {
				return operation{command.Encoding{Key: args[1]}, replyValue}, nil
			},
		},
		{
			name: "object|refcount", arity: 3, flags: "readonly", categories: "keyspace read", first: 2, last: 2, step: 1, group: "generic", since: "2.2.3",
			complexity: "O(1)", syntax: "OBJECT REFCOUNT key", summary: "Returns 1 for a key that exists.", differs: "Nothing is shared between keys.",
			parse: parseAbout(func(w *resp.Writer) { w.Int(1) }),
		},
		{
			name: "object|idletime", arity: 3, flags: "readonly", categories: "keyspace read", first: 2, last: 2, step: 1, group: "generic", since: "2.2.3",
			complexity: "O(1)", syntax: "OBJECT IDLETIME key", summary: "Returns 0 for a key that exists.", differs: "No time of access is kept.",
			parse: parseAbout(func(w *resp.Writer) { w.Int(0) }),
		},
		{
			name: "object|freq", arity: 3, flags: "readonly", categories: "keyspace read", first: 2, last: 2, step: 1, group: "generic", since: "4.0.0",
			complexity: "O(1)", syntax: "OBJECT FREQ key", summary: "Is an error for a key that exists, as in Redis without that policy.",
			parse: parseAbout(func(w *resp.Writer) { w.Error(string(errNoFrequency)) }),
		},
	},
}

// parseAbout makes a command that answers in one way for every key that exists.
func parseAbout(answer func(*resp.Writer)) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Types{List: args[1:2]}, func(w *resp.Writer, r keyspace.Reply) {
			if string(r.List[0]) == crdt.TypeNone.String() {
				w.Null()
				return
			}
			answer(w)
		}}, nil
	}
}
