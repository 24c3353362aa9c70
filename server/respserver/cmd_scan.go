package respserver

import (
	"bytes"
	"strconv"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/scan/ and https://redis.io/commands/sscan/

const differsScan = "A cursor is known to the node that gave it; one that it has forgotten (of the last 10,000) is `ERR invalid cursor`. Refused within MULTI. "

var rowScan = row{
	name: "scan", arity: -2, flags: "readonly", categories: "keyspace read",
	group: "generic", since: "2.8.0", complexity: "O(N) for the keys of a page", syntax: "SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]",
	summary: "Returns a page of the keys, and a cursor for the next one; 0 begins and ends.",
	differs: differsScan + "A key that exists during the whole scan is returned exactly once.",
	alone:   true, run: runScan,
}

var rowSScan = row{
	name: "sscan", arity: -3, flags: "readonly", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "2.8.0", complexity: "O(N) for the members of a page", syntax: "SSCAN key cursor [MATCH pattern] [COUNT count]",
	summary: "Returns a page of the members of a set, and a cursor for the next one; 0 begins and ends.",
	differs: differsScan + "Members come in byte order, each exactly once.",
	alone:   true, run: runSScan,
}

const (
	// scanCount is the size of a page when COUNT does not say.
	scanCount = 10
	// patternBytes bounds a pattern.
	patternBytes = 1024
)

// page is what a scan asks for.
type page struct {
	id      uint64
	count   int
	pattern []byte // nil is every one
	kind    string // type of the keys wanted; empty is every one
}

// readPage reads cursor and options. The errors and their order are those of Redis.
func readPage(cursor []byte, options [][]byte, most int, withType bool) (p page, err error) {
	p.count = scanCount
	if p.id, err = strconv.ParseUint(string(cursor), 10, 64); err != nil && len(cursor) > 0 { // empty is 0, as in Redis
		return p, refusal("ERR invalid cursor")
	}
	for ; len(options) > 0; options = options[2:] {
		if len(options) == 1 {
			return p, errSyntax
		}
		switch name, value := options[0], options[1]; {
		case is(name, "COUNT"):
			n, err := integer(value)
			if err != nil {
				return p, err
			}
			if n < 1 {
				return p, errSyntax
			}
			p.count = int(min(n, int64(most)))
		case is(name, "MATCH") && len(value) > patternBytes:
			return p, refusef("ERR pattern too long: %d bytes, limit %d", len(value), patternBytes)
		case is(name, "MATCH"):
			p.pattern = value
		case is(name, "TYPE") && withType:
			p.kind = string(bytes.ToLower(value))
		default:
			return p, errSyntax
		}
	}
	return p, nil
}

func runScan(c *conn, args [][]byte) error {
	p, err := readPage(args[1], args[2:], c.s.cfg.Dispatcher.Limits().Page, true)
	if err != nil {
		return err
	}
	place, ok := c.s.cursors.find(c.scanOf(""), p.id)
	if !ok {
		return refusal("ERR invalid cursor")
	}
	r, err := c.do(command.Scan{Prefix: glob.Prefix(p.pattern), Limit: p.count, Cursor: place})
	if err != nil {
		return err
	}
	next := r.Cursor
	if r.List, err = c.ofType(p.matching(r.List), p.kind); err != nil {
		return err
	}
	c.writePage(c.scanOf(""), next, r.List)
	return nil
}

func runSScan(c *conn, args [][]byte) error {
	p, err := readPage(args[2], args[3:], c.s.cfg.Dispatcher.Limits().Page, false)
	if err != nil {
		return err
	}
	scan := c.scanOf("set " + string(args[1]))
	place, ok := c.s.cursors.find(scan, p.id)
	if !ok {
		return refusal("ERR invalid cursor")
	}
	r, err := c.do(command.SMembers{Key: args[1], Limit: p.count, Cursor: place})
	if err != nil {
		return err
	}
	c.writePage(scan, r.Cursor, p.matching(r.List))
	return nil
}

// scanOf names a scan: a cursor of one does not go on with another.
func (c *conn) scanOf(what string) string { return c.space.Label() + " " + what }

// matching keeps what the pattern matches.
func (p *page) matching(list [][]byte) [][]byte {
	if p.pattern == nil {
		return list
	}
	kept := list[:0]
	for _, item := range list {
		if glob.Match(p.pattern, item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// ofType keeps the keys that hold a type.
func (c *conn) ofType(keys [][]byte, kind string) ([][]byte, error) {
	if kind == "" || len(keys) == 0 {
		return keys, nil
	}
	types, err := c.do(command.Types{List: keys})
	if err != nil {
		return nil, err
	}
	kept := keys[:0]
	for i, t := range types.List {
		if string(t) == kind {
			kept = append(kept, keys[i])
		}
	}
	return kept, nil
}

func (c *conn) writePage(scan string, next []byte, list [][]byte) {
	id := uint64(0)
	if len(next) > 0 {
		id = c.s.cursors.add(scan, next)
	}
	c.out.Array(2)
	c.out.Text(strconv.FormatUint(id, 10))
	replyBulks(&c.out, keyspace.Reply{List: list})
}
