package command

import "github.com/atollkv/atoll/keyspace"

// All returns one value of every command, by name.
func All() map[string]keyspace.Command {
	all := map[string]keyspace.Command{}
	for _, c := range []keyspace.Command{
		Get{}, Set{}, Delete{}, Exists{}, Incr{}, ResetCounter{},
		SAdd{}, SRem{}, SMembers{}, SIsMember{}, SCard{}, Scan{}, Siblings{},
	} {
		all[c.Name()] = c
	}
	return all
}
