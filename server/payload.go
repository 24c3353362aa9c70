package server

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// payload returns what a command carries beside its keys.
func payload(cmd keyspace.Command) (value []byte, members [][]byte) {
	switch c := cmd.(type) {
	case command.Set:
		return c.Value, nil
	case command.SAdd:
		return nil, c.Members
	case command.SRem:
		return nil, c.Members
	case command.SIsMember:
		return nil, [][]byte{c.Member}
	default:
		return nil, nil
	}
}
