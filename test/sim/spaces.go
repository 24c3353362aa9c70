package sim

import (
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// Some keys of a scenario are in other namespaces. The rules know keys by their letters alone: what became of one in
// another namespace they would find missing.

// spaceOf returns the namespace of a key.
func spaceOf(key string) namespace.Name {
	switch key {
	case "j":
		return "3"
	case "r":
		return "orders"
	default:
		return namespace.Default
	}
}

// fullKey is the key as nodes know it.
func fullKey(key string) []byte { return spaceOf(key).Key([]byte(key)) }

// bareKey is the inverse of fullKey.
func bareKey(full []byte) string {
	_, key := namespace.Split(full)
	return string(key)
}

// placed puts commands into the namespaces of their keys.
func placed(cmds []keyspace.Command) []keyspace.Command {
	out := make([]keyspace.Command, len(cmds))
	for i, cmd := range cmds {
		if out[i] = cmd; len(cmd.Keys()) > 0 {
			out[i] = keyspace.InNamespace(spaceOf(string(cmd.Keys()[0])), cmd)
		}
	}
	return out
}

// bare is the inverse of placed.
func bare(cmds []keyspace.Command) []keyspace.Command {
	for i, cmd := range cmds {
		_, cmds[i] = keyspace.SpaceOf(cmd)
	}
	return cmds
}
