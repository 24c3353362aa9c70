package keyspace

import (
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// groupsOnly tells whether a change is about the groups of a stream, not its entries.
func groupsOnly(ch *crdt.Change) bool {
	return len(ch.Groups) > 0 && !slices.ContainsFunc(ch.Entries, func(x crdt.FieldChange) bool { return !isMark(crdt.TypeStream, x.Name) })
}

// groupEvent names what a change from elsewhere did to groups. Redis has no name for what is delivered, or acknowledged.
func groupEvent(ch *crdt.Change) string {
	for i := range ch.Groups {
		switch n, _ := crdt.SplitGroup(ch.Groups[i].Name); {
		case n.Part != crdt.GroupCursor || n.Region != "":
		case ch.Groups[i].Assign:
			return "xgroup-create"
		default:
			return "xgroup-destroy"
		}
	}
	return ""
}
