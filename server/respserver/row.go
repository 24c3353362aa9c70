package respserver

import (
	"strings"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// row is one command in the table. Arity, flags, keys and categories are those that Redis 7.0 gives
// for it, so that clients that read them behave as with Redis.
type row struct {
	// name is in lower case; that of a subcommand is behind a bar, as in "client|id".
	name string
	// arity counts the arguments with the name; a negative one is a minimum.
	arity int
	// flags and categories are words; @fast or @slow follows from the flags.
	flags, categories string
	// first, last and step say which arguments are keys; a negative last counts from the end, 0 is
	// no key.
	first, last, step int
	// counted is the argument that says how many keys follow it, 0 where none does.
	counted int
	// behind is a word that keys follow, with as many other arguments behind them; empty where there is none.
	behind string
	// into are words, each before a key that is written; empty where there is none.
	into string
	// group, since, summary, complexity and syntax are for people.
	group, since, summary, complexity, syntax string
	// differs says where the command is not as in Redis.
	differs string

	// parse makes an operation of the arguments behind the name.
	parse func(args [][]byte, l *server.Limits) (operation, error)
	// prepare, if there is one, makes the command to run in the place of the parsed one outside MULTI,
	// after a look at the keyspace.
	prepare func(cmd keyspace.Command, do doer) (keyspace.Command, error)
	// enters, if there is one, tells which namespace the command lets those behind it be of, if it chooses any.
	enters func(args [][]byte) (n namespace.Name, chosen bool, err error)
	// run answers a command that is about the connection or the node.
	run func(c *conn, args [][]byte) error
	// subs are the commands that the first argument chooses among.
	subs []*row

	// immediate commands run within MULTI; others are queued there.
	immediate bool
	// alone commands are refused within MULTI.
	alone bool
}

// operation is a data command for the keyspace, and how its reply is written.
type operation struct {
	cmd   keyspace.Command
	reply func(*resp.Writer, keyspace.Reply)
}

// parsed returns an operation, or none where its arguments are wrong.
func parsed(op operation, err error) (operation, error) {
	if err != nil {
		return operation{}, err
	}
	return op, nil
}

// doer runs a command of the keyspace.
type doer = server.Doer

// has tells whether a list of words has one.
func has(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}

// category lists the ACL categories of a row, without their @.
func (r *row) category() []string {
	speed := "slow"
	if has(r.flags, "fast") {
		speed = "fast"
	}
	return append(strings.Fields(r.categories), speed)
}

// takes tells whether n arguments, the name among them, are a right number.
func (r *row) takes(n int) bool { return n == r.arity || r.arity < 0 && n >= -r.arity }

// hasKeys tells whether any argument is a key.
func (r *row) hasKeys() bool { return r.first > 0 || r.counted > 0 || r.behind != "" }

// keysOf returns the arguments that are keys; none where their number is not a right one.
func (r *row) keysOf(args [][]byte) (keys [][]byte) {
	last := r.last
	if last < 0 {
		last += len(args)
	}
	for i := r.first; r.first > 0 && i <= last && i < len(args); i += r.step {
		keys = append(keys, args[i])
	}
	if at := r.counted; at > 0 {
		n, err := integer(args[at])
		if err != nil || n < 1 || n > int64(len(args)-at-1) {
			return nil
		}
		keys = append(keys, args[at+1:][:n]...)
	}
	for i, arg := range args {
		rest := args[i+1:]
		if r.behind != "" && is(arg, r.behind) {
			return rest[:len(rest)/2]
		}
		if len(rest) > 0 && i > r.first && has(r.into, strings.ToUpper(string(arg))) {
			keys = append(keys, rest[0])
		}
	}
	return keys
}

// sub returns the subcommand of that name in lower case, or nil.
func (r *row) sub(name string) *row {
	for _, s := range r.subs {
		if _, after, _ := strings.Cut(s.name, "|"); after == name {
			return s
		}
	}
	return nil
}
