package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/lcs/

const errLenAndIndexes refusal = "ERR If you want both the length and indexes, please just use IDX."

var rowLCS = row{
	name: "lcs", arity: -3, flags: "readonly", categories: "read string", first: 1, last: 2, step: 1,
	group: "string", since: "7.0.0", complexity: "O(N*M) for the lengths of the strings", syntax: "LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
	summary: "Finds the longest common subsequence of two strings.",
	differs: "The product of the lengths may be 16 Mi.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		o, bad := readLCS(args[2:])
		return operation{command.LCS{A: args[0], B: args[1], Bad: bad}, o.write}, nil
	},
}

// lcsOptions say what LCS answers.
type lcsOptions struct {
	length, indexes, withLength bool
	least                       int64
}

// readLCS reads the options; an error counts only where both keys hold strings.
func readLCS(args [][]byte) (o lcsOptions, err error) {
	for ; len(args) > 0; args = args[1:] {
		switch {
		case is(args[0], "IDX"):
			o.indexes = true
		case is(args[0], "LEN"):
			o.length = true
		case is(args[0], "WITHMATCHLEN"):
			o.withLength = true
		case is(args[0], "MINMATCHLEN") && len(args) > 1:
			if o.least, err = integer(args[1]); err != nil {
				return o, err
			}
			args = args[1:]
		default:
			return o, errSyntax
		}
	}
	if o.indexes && o.length {
		return o, errLenAndIndexes
	}
	return o, nil
}

func (o lcsOptions) write(w *resp.Writer, r keyspace.Reply) {
	switch {
	case o.indexes:
		o.writeIndexes(w, r)
	case o.length:
		w.Int(int64(len(r.Value)))
	default:
		w.Bulk(r.Value)
	}
}

// writeIndexes lists the runs that are long enough, the last one first.
func (o lcsOptions) writeIndexes(w *resp.Writer, r keyspace.Reply) {
	var runs [][]keyspace.Reply
	for list := r.Replies; len(list) > 0; list = list[4:] {
		if list[1].Int-list[0].Int+1 >= o.least {
			runs = append(runs, list[:4])
		}
	}
	w.Map(2)
	w.Text("matches")
	w.Array(len(runs))
	for _, ends := range runs {
		w.Array(2 + int(bit(o.withLength)))
		for _, pair := range [][]keyspace.Reply{ends[:2], ends[2:]} {
			w.Array(2)
			w.Int(pair[0].Int)
			w.Int(pair[1].Int)
		}
		if o.withLength {
			w.Int(ends[1].Int - ends[0].Int + 1)
		}
	}
	w.Text("len")
	w.Int(int64(len(r.Value)))
}
