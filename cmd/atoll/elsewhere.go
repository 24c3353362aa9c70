package main

// elsewhere are the commands of the Redis protocol that are not here under their name: what to use, or why not.
var elsewhere = map[string]string{
	"atoll.ack": "use wait", "atoll.after": "use after", "atoll.lag": "use lag", "atoll.conflicts": "use conflicts", "atoll.history": "use history", "atoll.siblings": "use siblings", "atoll.token": "use token",
	"atoll.bcounter": "use bcreate, bget, bincrby, bdecrby, bgrant, brights, breclaim",
	"flushall":       "use flushdb, in each of namespaces", "hscan": "use hgetall", "sscan": "use smembers", "zscan": "use zrange",
	"multi": "use txn", "exec": "use txn", "discard": "use txn",
	"subscribe": ofConnection, "psubscribe": ofConnection, "unsubscribe": ofConnection, "punsubscribe": ofConnection,
	"publish": channels, "pubsub": channels,
	"auth": ofConnection, "client": ofConnection, "command": ofConnection, "echo": ofConnection, "hello": ofConnection, "quit": "use exit",
	"atoll": "use namespaces, or atoll --namespace NAME", "atoll.namespace": "use namespaces, or atoll --namespace NAME", "watch": ofConnection, "unwatch": ofConnection,
	"info": "use status", "config": ofNode, "latency": ofNode, "monitor": ofNode, "slowlog": ofNode, "time": ofNode,
}

const (
	ofConnection = "it is about a connection of the Redis protocol: use a client of that"
	ofNode       = "it is about a node's Redis protocol: use a client of that, or see status and the node's /metrics"
	channels     = "channels are those of the Redis protocol: use a client of that"
)
