package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/set/

var rowSet = row{
	name: "set", arity: -3, flags: "write denyoom", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)",
	syntax:  "SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
	summary: "Sets a key to a string, whatever it held; its deadline goes, or becomes what the options say.",
	differs: "`NX` and `XX` look at this region only: two regions may both find a key absent. No lock.",
	parse:   parseSet,
}

// setOptions are what follows the value.
type setOptions struct {
	absent, present, old bool
	life                 lifetimeArgs
}

func parseSet(args [][]byte, _ *server.Limits) (operation, error) {
	o, err := readSetOptions(args[2:])
	if err != nil {
		return operation{}, err
	}
	life := o.life.lifetime("set")
	if life.Fault != nil {
		return operation{}, life.Fault
	}
	if !o.absent && !o.present && !o.old {
		return operation{command.Set{Key: args[0], Value: args[1], Life: life}, replyOK}, nil
	}
	cmd := command.SetIf{Key: args[0], Value: args[1], Absent: o.absent, Present: o.present, Old: o.old, Life: life}
	if o.old {
		return operation{cmd, replyValue}, nil
	}
	return operation{cmd, replySet}, nil
}

func readSetOptions(args [][]byte) (o setOptions, err error) {
	for len(args) > 0 {
		n := 1
		switch arg := args[0]; {
		case is(arg, "NX") && !o.present:
			o.absent = true
		case is(arg, "XX") && !o.absent:
			o.present = true
		case is(arg, "GET"):
			o.old = true
		default:
			if n = o.life.take(args, "KEEPTTL"); n == 0 {
				return o, errSyntax
			}
		}
		args = args[n:]
	}
	return o, nil
}

// replySet writes OK, or null where the condition did not hold.
func replySet(w *resp.Writer, r keyspace.Reply) {
	if r.Int == 0 {
		w.Null()
		return
	}
	w.Simple("OK")
}
