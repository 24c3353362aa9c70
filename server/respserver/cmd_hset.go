package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/hset/ and https://redis.io/commands/hmset/

const differsFields = "Of concurrent values of one field the later one is shown; other fields are not touched."

var rowHSet = row{
	name: "hset", arity: -4, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HSET key field value [field value ...]",
	summary: "Sets fields of a hash, and returns how many were not there.",
	differs: differsFields,
	parse:   func(args [][]byte, _ *server.Limits) (operation, error) { return setFields("hset", args, replyInt) },
}

var rowHMSet = row{
	name: "hmset", arity: -4, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HMSET key field value [field value ...]",
	summary: "Sets fields of a hash.",
	differs: differsFields,
	parse:   func(args [][]byte, _ *server.Limits) (operation, error) { return setFields("hmset", args, replyOK) },
}

func setFields(name string, args [][]byte, reply func(*resp.Writer, keyspace.Reply)) (operation, error) {
	if len(args)%2 == 0 {
		return operation{}, refusef("ERR wrong number of arguments for '%s' command", name)
	}
	cmd := command.HSet{Key: args[0], Fields: make([]command.FieldValue, 0, len(args)/2)}
	for i := 1; i < len(args); i += 2 {
		cmd.Fields = append(cmd.Fields, command.FieldValue{Field: args[i], Value: args[i+1]})
	}
	return operation{cmd, reply}, nil
}
