package main

import (
	"slices"
	"strings"
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server/respserver"
)

// TestEveryCommandOfTheTableIsOffered: what is in the table of the Redis protocol is here, or there is a reason.
func TestEveryCommandOfTheTableIsOffered(t *testing.T) {
	documents := respserver.Documents()
	if len(documents) < 150 {
		t.Fatalf("%d commands", len(documents))
	}
	inTable := map[string]bool{}
	for _, d := range documents {
		inTable[d.Name] = true
		offered := slices.ContainsFunc(commands, func(c *command) bool { return c.name == d.Name })
		reason := elsewhere[d.Name]
		if offered == (reason != "") {
			t.Errorf("%s: offered is %v, and the reason why not is %q", d.Name, offered, reason)
		}
	}
	for name := range elsewhere {
		if !inTable[name] {
			t.Errorf("%s is not in the table any more", name)
		}
	}
}

// notWorded are the commands that the operation "command" of the gRPC service does not take, and the reason, or the
// operation that does the same.
var notWorded = map[string]string{
	"keys": "operation scan", "scan": "operation scan", "hscan": "operation hgetall", "sscan": "operation smembers", "zscan": "operation zrange",
	"ping": "operation ping", "wait": "operation wait", "atoll.ack": "operation wait", "multi": "operation txn", "exec": "operation txn", "discard": "operation txn",
	"atoll.token": "sessions of the stream", "atoll.after": "sessions of the stream", "atoll.lag": "Admin.Lag", "info": "Admin.Status",
	"flushdb": "operations scan and delete", "flushall": "operations scan and delete", "reset": ofConnection,
	"select": "the field namespace of requests", "atoll.namespace": "operation namespaces", "atoll": "operation namespaces",
}

// TestEveryCommandIsACall: gRPC, and with it the SDK, takes every command of the table, or there is a reason.
func TestEveryCommandIsACall(t *testing.T) {
	operations := (&pb.Operation{}).ProtoReflect().Descriptor().Oneofs().ByName("op").Fields()
	named := map[string]bool{}
	for i := range operations.Len() {
		named["operation "+string(operations.Get(i).Name())] = true
	}
	for _, d := range respserver.Documents() {
		reason := notWorded[d.Name]
		if reason == "" && !d.Worded {
			reason = elsewhere[d.Name]
		}
		if d.Worded == (reason != "") {
			t.Errorf("%s: taken is %v, and the reason why not is %q", d.Name, d.Worded, reason)
		}
		if strings.HasPrefix(reason, "operation ") && !named[reason] {
			t.Errorf("%s: there is no %s", d.Name, reason)
		}
	}
}
