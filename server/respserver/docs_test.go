package respserver

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/redis.md")

const docsPage = "../../docs/redis.md"

// TestDocsAreCurrent holds docs/redis.md against the table. With -update it writes the page.
func TestDocsAreCurrent(t *testing.T) {
	want := redisPage()
	if *update {
		if err := os.WriteFile(docsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/redis.md is not what the table says: go test ./server/respserver -run Docs -update")
	}
}

const intro = `# The Redis protocol

A node also speaks the protocol of Redis, versions 2 and 3, on ` + "`resp.listen`" + ` (127.0.0.1:7001): ` + "`redis-cli -p 7001`" + `, and the client libraries. The data is the same as through
gRPC, and so are the [rules](consistency.md) for concurrent writes in several regions. What is offered answers as Redis ` + redisVersion + ` does, down to the texts of errors, but for what this page
says; the commands about deadlines of fields, ` + "`HEXPIRE` to `HSETEX`" + `, are those of Redis 7.4 and 8.0, held against tables made from their pages, as Redis ` + redisVersion + ` has none of them. It is made from the table of commands; a test holds it against the table.

- **Only clients on the node's own host are let in** until there is a password: ` + "`resp.password_file`" + `. There is one user, ` + "`default`" + `. The password and the data travel in clear text: there is no TLS yet, see
  [security.md](security.md).
- **A number is one value**: what ` + "`SET`" + ` wrote and what ` + "`INCR`" + ` added. ` + "`SET n 10`" + `, ` + "`INCR n`" + ` gives 11; concurrent increments of other regions are added, a later ` + "`SET`" + ` replaces all it has seen.
- **` + "`MULTI`" + ` … ` + "`EXEC`" + ` is one update**, atomic and durable as a whole, here and in every region. A command in it that is refused for what its key holds answers with its error, and the others go on, as
  in Redis. ` + "`WATCH`" + ` lets it do nothing where a key has changed, by this region or by what has arrived from others: no lock between regions.
- **The same words work without a client of Redis**: ` + "`atoll`" + ` takes these commands (` + "`atoll help geosearch`" + `), and so does gRPC (` + "`Command`, `Client.Command`" + ` in the SDK), but for those about a connection. The types
  have methods of their own there.
- **A write is answered when it is durable**, as ` + "`fsync`" + ` says. After an error ` + "`TIMEOUT`" + ` or ` + "`STORE`" + `, or a lost connection, it may have been applied all the same.
- **Conditions hold in one region**: ` + "`SET … NX`" + `, ` + "`SETNX`" + `, ` + "`MSETNX`" + ` are no locks.
- Errors that Redis does not have begin with the codes of [operations.md](operations.md): ` + "`LOADING`, `OOM`, `DISKFULL`, `CLOCK`, `DRAINING`, `DAMAGED`" + ` and so on.

## Namespaces

A connection begins in the namespace ` + "`default`" + `, number 0. ` + "`SELECT 1`" + ` to ` + "`SELECT 15`" + ` choose those with a number, as with Redis; ` + "`ATOLL.NAMESPACE orders`, or `ATOLL NAMESPACE orders`" + `, one by its name, which needs no creation. The same key
in two namespaces is two keys. ` + "`MULTI`" + ` may choose between them: it is one update all the same. ` + "`FLUSHDB`, `DBSIZE`, `SCAN`, `ATOLL.CONFLICTS`" + ` are of the connection's namespace, ` + "`FLUSHALL`" + ` of all. Of one with a name, ` + "`INFO`" + ` says
` + "`namespace_orders:keys=…`, `CLIENT LIST` `db=-1 … namespace=orders`, `MONITOR` `[orders …]`" + `, and events of keys come on ` + "`__keyspace@orders__:KEY`" + `. As in Redis, channels are of no namespace, and ` + "`CLIENT TRACKING`" + ` knows keys by their names
alone: a client hears of a key that has changed in another namespace, too.

## Events of keys

` + "`CONFIG SET notify-keyspace-events`" + ` lets the node publish what becomes of keys on ` + "`__keyspace@0__:KEY`" + ` and ` + "`__keyevent@0__:EVENT`" + `, with the letters of Redis; it is off at the start, and costs nothing then. Listeners hear of it at the node
where they listen, of commands there and of what comes from other nodes, when the change shows and before its writer is answered.

- Of a command given at this node, also over gRPC, the event is the one of Redis: ` + "`set`, `incrby`, `lpush`, `rename_from`" + ` and so on. A test holds them against those of Redis.
- Of a change that comes from elsewhere the command is not known. If the key is gone it is ` + "`del`, or `expired`" + ` where its deadline had come; if only its deadline changed, ` + "`expire` or `persist`" + `; if only those of fields did, ` + "`hexpire` or `hpersist`" + `; fields that had ended and are deleted, ` + "`hexpired`" + `; an increment of a string is ` + "`incrby`" + `; where elements
  were only taken away, ` + "`srem`, `hdel`, `zrem`, `lrem`, `xdel`" + `; otherwise what writes the type that the key shows: ` + "`set`, `sadd`, `hset`, `zadd`, `rpush`, `xadd`, `pfadd`, `bincrby`" + `; of a group of readers ` + "`xgroup-create`, `xgroup-destroy`" + `, and nothing for what is delivered to it. That is so even where the change loses to a concurrent one and does not show.
- Bounded counters have ` + "`bcreate`, `bincrby`, `bdecrby`" + `, of the class ` + "`d`" + `.
- ` + "`expired`, and `hexpired` of fields, of the class `h`," + ` comes when the deletion is written or heard of, not when a read finds nothing any more: ` + "`max_offset`" + ` after the end, or with the next write of the key. ` + "`FLUSHALL`" + ` gives a ` + "`del`" + ` for each key, ` + "`GEORADIUS … STORE` `geosearchstore`" + `, and a deadline
  in the past of ` + "`SET`" + ` a ` + "`del`" + `. ` + "`keymiss`" + ` is of commands that only read. There are no events of evictions, of damage that is healed, and of what a listener was not there for.

## Limits

| what | limit | beyond it |
|---|---|---|
| inline command, header line | 64 KiB | the connection ends |
| arguments of a command | 1,048,576; 10 before ` + "`AUTH`" + ` | the connection ends |
| promised length of an argument | 512 MiB; 16 KiB before ` + "`AUTH`" + ` | the connection ends |
| key, member of a set, field of a hash | ` + "`limits.max_key_bytes`" + ` | an error |
| value | ` + "`limits.max_value_bytes`" + ` | read, dropped, an error |
| arguments of a command together, of a transaction together | 64 MiB | an error |
| one update | 16 MiB | an error |
| reply of ` + "`MGET`, `EXEC`" + ` | 64 MiB of values | an error |
| entries that ` + "`XREADGROUP`, `XAUTOCLAIM`" + ` give at a time | 10,000, about 4 MiB | the rest is given by the next one |
| reply of ` + "`XPENDING`, `XINFO STREAM FULL`" + ` | 64 MiB, of which an entry that is pending is 64 bytes and its consumer's name | an error |
| replies that a client has not read | 32 MiB, less where memory is small | the connection ends |
| what all clients hold together | a share of ` + "`memory.limit_bytes`" + ` | ` + "`OOM`" + ` |
| watched keys, keys that are waited for, channels and patterns of a connection | 10,000 each | an error |
| clients in ` + "`MONITOR`" + ` | 16 | an error |
| keys that clients track | 1,000,000 pairs of key and client, 64 MiB of keys | some are forgotten, and their readers told |
| connections | ` + "`limits.max_connections`" + ` | an error, and the connection ends |
| time to authenticate | 10 s | the connection ends |
| time for a command to arrive | 60 s, and a second for every 64 KiB | the connection ends |
| silence | ` + "`resp.idle_timeout`" + ` | the connection ends |
`

func redisPage() string {
	var b strings.Builder
	b.WriteString(intro)
	for _, g := range []struct{ title, group string }{
		{"Strings and counters", "string"}, {"Bits of strings", "bitmap"}, {"Sets", "set"}, {"Hashes", "hash"}, {"Sorted sets", "sorted-set"}, {"Places on the globe", "geo"}, {"Lists", "list"}, {"Streams", "stream"}, {"HyperLogLog", "hyperloglog"}, {"Bounded counters", groupBounded}, {"Keys", "generic"}, {"Transactions", "transactions"}, {"Channels", "pubsub"},
		{"Connections", "connection"}, {"The node", "server"},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| command | does | differs from Redis |\n|---|---|---|\n", g.title)
		for _, r := range rows {
			if r.group != g.group {
				continue
			}
			list := r.subs
			if len(list) == 0 || r.run != nil {
				list = append([]*row{r}, list...)
			}
			for _, r := range list {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(r.syntax, "|", `\|`), r.summary, r.differs)
			}
		}
	}
	b.WriteString("\n## Refused\n\nThese are known, and answered with an error that gives the reason. Anything else is an unknown command, as in Redis.\n\n| | commands | reason |\n|---|---|---|\n")
	for _, f := range families {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", f.title, strings.ToUpper(strings.Join(strings.Fields(f.commands), "` `")), f.reason)
	}
	return b.String()
}

// TestTheTableIsWhole looks for rows that lack something, and for names that are offered and refused.
func TestTheTableIsWhole(t *testing.T) {
	groups := map[string]bool{"string": true, "bitmap": true, "set": true, "hash": true, "sorted-set": true, "geo": true, "list": true, "stream": true, groupBounded: true, "hyperloglog": true, "generic": true, "transactions": true, "pubsub": true, "connection": true, "server": true}
	names := map[string]bool{}
	for _, r := range rows {
		for _, r := range append([]*row{r}, r.subs...) {
			if names[r.name] {
				t.Errorf("%s is there twice", r.name)
			}
			names[r.name] = true
			if r.summary == "" || r.since == "" || r.complexity == "" || r.syntax == "" || !groups[r.group] || r.arity == 0 {
				t.Errorf("%s lacks something for people", r.name)
			}
			ways := 0
			for _, is := range []bool{r.parse != nil, r.run != nil || len(r.subs) > 0} {
				ways += int(bit(is))
			}
			if ways != 1 {
				t.Errorf("%s has %d ways to run", r.name, ways)
			}
			if r.parse != nil && has(r.flags, "write") == has(r.flags, "readonly") {
				t.Errorf("%s: %q; a data command writes or only reads", r.name, r.flags)
			}
		}
	}
	for _, f := range families {
		for _, name := range strings.Fields(f.commands) {
			if names[name] {
				t.Errorf("%s is refused twice, or offered", name)
			}
			names[name] = true
		}
	}
}
