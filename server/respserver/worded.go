package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

const errOfConnection refusal = "ERR '%s' is about a connection or a node: send it over the Redis protocol"

// Words reads a command of the table for who has no connection of this protocol: its name and arguments, at
// least one. Commands about the connection or the node are refused. Those that wait are a server.Waiting.
func Words(args [][]byte, l *server.Limits) (server.Worded, error) {
	r, op, err := worded(args, l)
	if err != nil {
		return server.Worded{}, err
	}
	w := server.Worded{
		Name: r.name, Command: op.cmd, Alone: r.alone,
		Reply: func(p keyspace.Reply) []byte {
			out := resp.Writer{Version: 3}
			op.reply(&out, p)
			return out.Bytes()
		},
	}
	if r.prepare != nil {
		w.Prepare = func(do server.Doer) (keyspace.Command, error) { return r.prepare(op.cmd, do) }
	}
	return w, nil
}

func worded(args [][]byte, l *server.Limits) (r *row, op operation, err error) {
	if r, err = rowOf(args); err != nil {
		return nil, op, err
	}
	switch {
	case !r.takes(len(args)):
		return nil, op, errArity(r)
	case r.parse == nil:
		return nil, op, refusef(string(errOfConnection), r.name)
	}
	op, err = r.parse(args[1:], l)
	if w, waits := op.cmd.(waiting); waits && err == nil {
		op.cmd = server.Waiting{Command: w.Command, For: w.keys, Of: w.of, At: w.at, Shared: w.shared, Gone: w.gone, Timeout: w.timeout, Nothing: w.nothing}
	}
	return r, op, err
}
