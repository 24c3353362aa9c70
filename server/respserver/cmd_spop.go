package respserver

import (
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/spop/

var rowSPop = row{
	name: "spop", arity: -2, flags: "write fast", categories: "write set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for the members of the set", syntax: "SPOP key [count]",
	summary: "Takes members out of a set at random, and returns them.",
	differs: "Two regions may take the same member; then it is gone. Within MULTI it picks among the first 4,096 members in byte order, and as many more as it takes. More than 8 MiB of members are refused.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.SPop{Key: args[0], Count: 1, Seed: rand.Uint64()}
		reply := replyFirst
		switch len(args) {
		case 1:
		case 2:
			n, err := integer(args[1])
			if err != nil || n < 0 {
				return operation{}, refusal("ERR value is out of range, must be positive")
			}
			cmd.Count, reply = n, replyMemberSet
		default:
			return operation{}, errSyntax
		}
		return operation{cmd, reply}, nil
	},
	prepare: pickFirst,
}

// pickFirst picks members in a read, beside the commit loop: to walk a large set in it would hold up
// every other write.
func pickFirst(parsed keyspace.Command, do doer) (keyspace.Command, error) {
	cmd := parsed.(command.SPop)
	r, err := do(command.SRandMember{Key: cmd.Key, Count: cmd.Count, Seed: cmd.Seed})
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(r.List), func(i, j int) { r.List[i], r.List[j] = r.List[j], r.List[i] })
	cmd.Picked = r.List
	return cmd, nil
}
