package respserver

import (
	"fmt"
	"strings"
	"time"
)

// See https://redis.io/commands/client/

const (
	flagsClient      = "noscript loading stale"
	flagsClientAdmin = "admin noscript loading stale"
	dangerous        = "admin dangerous connection"
)

var rowClient = row{
	name: "client", arity: -2, group: "connection", since: "2.4.0", complexity: "Depends on subcommand.", syntax: "CLIENT subcommand",
	summary: "Is about connections.",
	subs: []*row{
		{
			name: "client|id", arity: 2, flags: flagsClient, categories: "connection", group: "connection", since: "5.0.0",
			complexity: "O(1)", syntax: "CLIENT ID", summary: "Returns the id of this connection.",
			run: func(c *conn, _ [][]byte) error { c.out.Int(c.id); return nil },
		},
		{
			name: "client|getname", arity: 2, flags: flagsClient, categories: "connection", group: "connection", since: "2.6.9",
			complexity: "O(1)", syntax: "CLIENT GETNAME", summary: "Returns the name of this connection.",
			run: runGetName,
		},
		{
			name: "client|setname", arity: 3, flags: flagsClient, categories: "connection", group: "connection", since: "2.6.9",
			complexity: "O(1)", syntax: "CLIENT SETNAME name", summary: "Names this connection.",
			run: runSetName,
		},
		{
			name: "client|setinfo", arity: 4, flags: flagsClient, categories: "connection", group: "connection", since: "7.2.0",
			complexity: "O(1)", syntax: "CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>", summary: "Names the client's library.",
			run: runSetInfo,
		},
		{
			name: "client|info", arity: 2, flags: flagsClient, categories: "connection", group: "connection", since: "6.2.0",
			complexity: "O(1)", syntax: "CLIENT INFO", summary: "Describes this connection.", differs: "Fields that mean nothing here are missing.",
			run: func(c *conn, _ [][]byte) error { c.out.Verbatim(c.describe()); return nil },
		},
		{
			name: "client|list", arity: -2, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "2.4.0",
			complexity: "O(N) for N connections", syntax: "CLIENT LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
			summary: "Describes the connections.", differs: "Fields that mean nothing here are missing.",
			run: runClientList,
		},
		{
			name: "client|kill", arity: -3, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "2.4.0",
			complexity: "O(N) for N connections",
			syntax:     "CLIENT KILL <ip:port | <[ID client-id] | [TYPE type] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no]> ...>",
			summary:    "Ends connections.",
			run:        runClientKill,
		},
		&rowClientReply,
		&rowClientTracking, &rowClientCaching, &rowClientTrackingInfo, &rowClientGetRedir,
		&rowClientUnblock, &rowClientPause, &rowClientUnpause,
		{
			name: "client|no-evict", arity: 3, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "7.0.0",
			complexity: "O(1)", syntax: "CLIENT NO-EVICT <ON | OFF>", summary: "Does nothing: connections are not evicted.",
			run: runOnOff,
		},
		{
			name: "client|no-touch", arity: 3, flags: flagsClient, categories: "connection", group: "connection", since: "7.2.0",
			complexity: "O(1)", syntax: "CLIENT NO-TOUCH <ON | OFF>", summary: "Does nothing: no key is evicted.",
			run: runOnOff,
		},
	},
}

func runGetName(c *conn, _ [][]byte) error {
	name := c.look().name
	if name == "" {
		c.out.Null()
		return nil
	}
	c.out.Text(name)
	return nil
}

func runSetName(c *conn, args [][]byte) error {
	if err := checkName("Client names", args[2]); err != nil {
		return err
	}
	c.see(func(v *seen) { v.name = string(args[2]) })
	c.out.Simple("OK")
	return nil
}

// nameBytes bounds the names that a client gives itself.
const nameBytes = 1024

// checkName refuses what would break the lines of CLIENT LIST.
func checkName(what string, name []byte) error {
	if len(name) > nameBytes {
		return refusef("ERR %s too long: %d bytes, limit %d", what, len(name), nameBytes)
	}
	for _, b := range name {
		if b < '!' || b > '~' {
			return refusef("ERR %s cannot contain spaces, newlines or special characters.", what)
		}
	}
	return nil
}

func runSetInfo(c *conn, args [][]byte) error {
	value := string(args[3])
	var set func(*seen)
	switch what := args[2]; {
	case is(what, "LIB-NAME"):
		set = func(v *seen) { v.libName = value }
	case is(what, "LIB-VER"):
		set = func(v *seen) { v.libVersion = value }
	default:
		return refusef("ERR Unrecognized option '%s'", echo(what))
	}
	if err := checkName(strings.ToLower(string(args[2])), args[3]); err != nil {
		return err
	}
	c.see(set)
	c.out.Simple("OK")
	return nil
}

func runOnOff(c *conn, args [][]byte) error {
	if !is(args[2], "ON") && !is(args[2], "OFF") {
		return errSyntax
	}
	c.out.Simple("OK")
	return nil
}

// describe is the line of a connection in CLIENT LIST.
func (c *conn) describe() string {
	v, now := c.look(), time.Now()
	flags := ""
	if v.monitor {
		flags += "O"
	}
	if v.channels+v.patterns > 0 {
		flags += "P"
	}
	flags += c.tracking.flags()
	if v.queued >= 0 {
		flags += "x"
	}
	if v.unblock != nil {
		flags += "b"
	}
	if flags == "" {
		flags = "N"
	}
	db, numbered := v.space.Number()
	named := ""
	if !numbered {
		db, named = -1, " namespace="+v.space.String() // db is a number for those who read it
	}
	return fmt.Sprintf("id=%d addr=%s laddr=%s name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=0 multi=%d cmd=%s user=%s lib-name=%s lib-ver=%s resp=%d%s\n",
		c.id, c.net.RemoteAddr(), c.net.LocalAddr(), v.name, seconds(now.Sub(c.start)), seconds(now.Sub(v.at)), flags, db,
		v.channels, v.patterns, v.queued, v.command, defaultUser, v.libName, v.libVersion, v.version, named)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func runClientList(c *conn, args [][]byte) error {
	wanted := func(*conn) bool { return true }
	switch {
	case len(args) == 4 && is(args[2], "TYPE"):
		kind, err := clientKind(args[3])
		if err != nil {
			return err
		}
		wanted = func(other *conn) bool { return other.kind() == kind }
	case len(args) > 3 && is(args[2], "ID"):
		ids := map[int64]bool{}
		for _, arg := range args[3:] {
			id, err := integer(arg)
			if err != nil || id < 1 {
				return refusal("ERR Invalid client ID")
			}
			ids[id] = true
		}
		wanted = func(other *conn) bool { return ids[other.id] }
	case len(args) > 2:
		return errSyntax
	}
	var text strings.Builder
	for _, other := range c.s.clients() {
		if wanted(other) {
			text.WriteString(other.describe())
		}
	}
	c.out.Verbatim(text.String())
	return nil
}

// The kinds of clients that there are.
const (
	kindNormal = "normal"
	kindPubsub = "pubsub"
)

// clientKind reads a kind of client; "" is one that nobody is of here.
func clientKind(arg []byte) (string, error) {
	switch {
	case is(arg, "NORMAL"):
		return kindNormal, nil
	case is(arg, "PUBSUB"):
		return kindPubsub, nil
	case is(arg, "MASTER"), is(arg, "SLAVE"), is(arg, "REPLICA"):
		return "", nil
	default:
		return "", refusef("ERR Unknown client type '%s'", echo(arg))
	}
}

func (c *conn) kind() string {
	if v := c.look(); v.channels+v.patterns > 0 {
		return kindPubsub
	}
	return kindNormal
}
