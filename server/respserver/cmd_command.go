package respserver

import (
	"strings"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/command/

const flagsCommand = "loading stale"

var rowCommand = row{
	name: "command", arity: -1, flags: flagsCommand, categories: "connection",
	group: "server", since: "2.8.13", complexity: "O(N) for N commands", syntax: "COMMAND",
	summary: "Describes all commands.", differs: "Tips and key specifications are empty.",
	run: func(c *conn, _ [][]byte) error {
		c.out.Array(len(rows))
		for _, r := range rows {
			r.describe(&c.out)
		}
		return nil
	},
	subs: []*row{
		{
			name: "command|count", arity: 2, flags: flagsCommand, categories: "connection", group: "server", since: "2.8.13",
			complexity: "O(1)", syntax: "COMMAND COUNT", summary: "Counts the commands.",
			run: func(c *conn, _ [][]byte) error { c.out.Int(int64(len(rows))); return nil },
		},
		{
			name: "command|info", arity: -2, flags: flagsCommand, categories: "connection", group: "server", since: "2.8.13",
			complexity: "O(N) for N commands", syntax: "COMMAND INFO [command-name [command-name ...]]", summary: "Describes commands for programs.",
			run: runCommandInfo,
		},
		{
			name: "command|docs", arity: -2, flags: flagsCommand, categories: "connection", group: "server", since: "7.0.0",
			complexity: "O(N) for N commands", syntax: "COMMAND DOCS [command-name [command-name ...]]", summary: "Describes commands for people.",
			differs: "Arguments are given as one text, `syntax`.",
			run:     runCommandDocs,
		},
		{
			name: "command|list", arity: -2, flags: flagsCommand, categories: "connection", group: "server", since: "7.0.0",
			complexity: "O(N) for N commands", syntax: "COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
			summary: "Names the commands.",
			run:     runCommandList,
		},
		{
			name: "command|getkeys", arity: -4, flags: flagsCommand, categories: "connection", group: "server", since: "2.8.13",
			complexity: "O(N) for N arguments", syntax: "COMMAND GETKEYS command [arg [arg ...]]", summary: "Finds the keys in a command.",
			run: runCommandGetKeys,
		},
	},
}

// describe writes the ten parts of COMMAND INFO: name, arity, flags, first key, last key, step, ACL
// categories, tips, key specifications, subcommands.
func (r *row) describe(w *resp.Writer) {
	w.Array(10)
	w.Text(r.name)
	w.Int(int64(r.arity))
	flags := strings.Fields(r.flags)
	w.Set(len(flags))
	for _, f := range flags {
		w.Simple(f)
	}
	w.Int(int64(r.first))
	w.Int(int64(r.last))
	w.Int(int64(r.step))
	categories := r.category()
	w.Set(len(categories))
	for _, c := range categories {
		w.Simple("@" + c)
	}
	w.Set(0)
	w.Set(0)
	w.Array(len(r.subs))
	for _, s := range r.subs {
		s.describe(w)
	}
}

// lookUp finds a command or, behind a bar, a subcommand.
func lookUp(name []byte) *row {
	container, sub, isSub := strings.Cut(strings.ToLower(string(name)), "|")
	r := table[container]
	if r == nil || !isSub {
		return r
	}
	return r.sub(sub)
}

func runCommandInfo(c *conn, args [][]byte) error {
	if len(args) == 2 {
		return table["command"].run(c, nil)
	}
	c.out.Array(len(args) - 2)
	for _, name := range args[2:] {
		if r := lookUp(name); r != nil {
			r.describe(&c.out)
		} else {
			c.out.Null()
		}
	}
	return nil
}

func runCommandDocs(c *conn, args [][]byte) error {
	found := rows
	if len(args) > 2 {
		found = nil
		for _, name := range args[2:] {
			if r := lookUp(name); r != nil {
				found = append(found, r)
			}
		}
	}
	writeDocs(&c.out, found)
	return nil
}

func writeDocs(w *resp.Writer, of []*row) {
	w.Map(len(of))
	for _, r := range of {
		w.Text(r.name)
		fields := []Field{{"summary", r.summary}, {"since", r.since}, {"group", r.group}, {"complexity", r.complexity}, {"syntax", r.syntax}}
		n := len(fields)
		if len(r.subs) > 0 {
			n++
		}
		w.Map(n)
		for _, f := range fields {
			w.Text(f.Name)
			w.Text(f.Value)
		}
		if len(r.subs) > 0 {
			w.Text("subcommands")
			writeDocs(w, r.subs)
		}
	}
}

func runCommandList(c *conn, args [][]byte) error {
	wanted := func(*row) bool { return true }
	switch {
	case len(args) == 2:
	case len(args) != 5 || !is(args[2], "FILTERBY"):
		return errSyntax
	case is(args[3], "MODULE"):
		wanted = func(*row) bool { return false }
	case is(args[3], "ACLCAT"):
		category := strings.ToLower(string(args[4]))
		wanted = func(r *row) bool { return has(strings.Join(r.category(), " "), category) }
	case is(args[3], "PATTERN") && len(args[4]) <= patternBytes:
		pattern := []byte(strings.ToLower(string(args[4])))
		wanted = func(r *row) bool { return glob.Match(pattern, []byte(r.name)) }
	default:
		return errSyntax
	}
	var names []string
	for _, r := range rows {
		for _, r := range append([]*row{r}, r.subs...) {
			if len(args) == 2 && strings.Contains(r.name, "|") || !wanted(r) {
				continue
			}
			names = append(names, r.name)
		}
	}
	c.out.Array(len(names))
	for _, name := range names {
		c.out.Text(name)
	}
	return nil
}

func runCommandGetKeys(c *conn, args [][]byte) error {
	args = args[2:]
	r := table[strings.ToLower(string(args[0]))]
	if r != nil && len(r.subs) > 0 && len(args) > 1 {
		r = r.sub(strings.ToLower(string(args[1])))
	}
	switch {
	case r == nil:
		return refusal("ERR Invalid command specified")
	case !r.hasKeys():
		return refusal("ERR The command has no key arguments")
	case !r.takes(len(args)):
		return refusal("ERR Invalid number of arguments specified for command")
	}
	keys := r.keysOf(args)
	if len(keys) == 0 {
		return refusal("ERR Invalid arguments specified for command")
	}
	c.out.Array(len(keys))
	for _, k := range keys {
		c.out.Bulk(k)
	}
	return nil
}
