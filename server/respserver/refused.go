package respserver

// family is a group of commands of Redis that are not offered, and the reason.
type family struct{ title, commands, reason string }

// families is everything that is refused. A name that is neither here nor in the table is unknown.
var families = []family{
	{
		"Scripts", "eval eval_ro evalsha evalsha_ro script fcall fcall_ro function",
		"a script writes what it computes from one region's state, so in concurrent regions its effects would not merge by any rule; send single commands, which do, or MULTI",
	},
	{"HyperLogLog", "pfdebug pfselftest", "they look into how Redis keeps it"},
	{"More of keys", "dump restore migrate", "it is not there yet"},
	{"Databases", "swapdb", "to swap is to write every key of both, and concurrent writes of other regions would stay on either side; let clients choose another namespace, or COPY and MOVE keys"},
	{"Channels of shards", "ssubscribe sunsubscribe spublish", "there are no shards to publish to; use SUBSCRIBE and PUBLISH"},
	{"Redis' own replication and cluster", "replicaof slaveof psync sync replconf failover role cluster readonly readwrite asking", "regions replicate by themselves, see `atoll status`; every node takes every key"},
	{"Persistence", "save bgsave bgrewriteaof lastsave", "every acknowledged write is kept already; for copies see `atoll backup`"},
	{"The process", "shutdown", "a client must not stop a node, which serves other clients and keeps its part of the data: stop the process, see docs/operations.md"},
	{"Users", "acl", "there is one user, default; its password is in the node's configuration"},
	{"Inspection", "debug lolwut module", "see /metrics and `atoll status`"},
}

// refusedReason is why a command of Redis is not offered, "" for one that is or that nobody knows.
func refusedReason(name string) string {
	for _, f := range families {
		if has(f.commands, name) {
			return f.reason
		}
	}
	return ""
}
