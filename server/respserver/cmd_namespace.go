package respserver

import (
	"fmt"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

const differsNamespace = "Not in Redis. A name is " + namespace.Form + "; those with a number are what `SELECT` chooses. A namespace is there while it has keys, and needs no creation. LIST gives a map of the names of those that have keys, each with how many; it is refused within MULTI. One that is called list, or use, is chosen with USE."

var rowNamespace = row{
	name: "atoll.namespace", arity: -1, flags: "loading stale", categories: "connection",
	group: "connection", since: "7.0.0", complexity: "O(1); that of DBSIZE for each namespace with LIST", syntax: "ATOLL.NAMESPACE [LIST | [USE] name]",
	summary: "Chooses a namespace, tells the present one, or lists those that have keys.", differs: differsNamespace,
	enters: func(args [][]byte) (namespace.Name, bool, error) { return readNamespace(args[1:]) },
	run:    func(c *conn, args [][]byte) error { return c.runNamespace(args[1:]) },
}

var rowAtoll = row{
	name: "atoll", arity: -2, group: "connection", since: "7.0.0", complexity: "Depends on subcommand.", syntax: "ATOLL subcommand",
	summary: "Does what the command of that name does.",
	subs: []*row{{
		name: "atoll|namespace", arity: -2, flags: rowNamespace.flags, categories: rowNamespace.categories,
		group: rowNamespace.group, since: "7.0.0", complexity: rowNamespace.complexity, syntax: "ATOLL NAMESPACE [LIST | [USE] name]",
		summary: rowNamespace.summary, differs: "As `ATOLL.NAMESPACE`.",
		enters: func(args [][]byte) (namespace.Name, bool, error) { return readNamespace(args[2:]) },
		run:    func(c *conn, args [][]byte) error { return c.runNamespace(args[2:]) },
	}},
}

// readNamespace reads the namespace that is chosen; chosen is false where none is.
func readNamespace(args [][]byte) (n namespace.Name, chosen bool, err error) {
	switch {
	case len(args) == 0, listsNamespaces(args):
		return n, false, nil
	case len(args) == 1 && is(args[0], "USE"):
		return n, false, errSyntax // it lacks the name
	case len(args) == 2 && is(args[0], "USE"):
		args = args[1:]
	case len(args) > 1:
		return n, false, errSyntax
	}
	n, err = namespace.Parse(string(args[0]))
	if err == nil && len(args[0]) == 0 {
		err = fmt.Errorf("namespace \"\": must be %s", namespace.Form)
	}
	if err != nil {
		return n, false, refusef("ERR %v", err)
	}
	return n, true, nil
}

func listsNamespaces(args [][]byte) bool { return len(args) == 1 && is(args[0], "LIST") }

func (c *conn) runNamespace(args [][]byte) error {
	if listsNamespaces(args) {
		return c.listNamespaces()
	}
	n, chosen, err := readNamespace(args)
	switch {
	case err != nil:
		return err
	case chosen:
		c.enter(n)
		c.out.Simple("OK")
	default:
		c.out.Text(c.space.String())
	}
	return nil
}

func (c *conn) listNamespaces() error {
	if c.tx != nil {
		return errNotInMulti
	}
	r, err := c.do(command.Namespaces{})
	if err != nil {
		return err
	}
	replySpaces(c, r.Spaces)
	return nil
}

func replySpaces(c *conn, list []keyspace.Space) {
	c.out.Map(len(list))
	for _, x := range list {
		c.out.Text(x.Name.String())
		c.out.Int(x.Size.Keys)
	}
}
