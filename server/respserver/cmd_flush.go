package respserver

import (
	"errors"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/flushdb/ and https://redis.io/commands/flushall/

const differsFlush = "In every region. It removes what this region has seen, in updates of at most 1,000 keys: other clients see it in between, keys that they write meanwhile may stay, and an update that is on its way here survives. After an error a part may be gone; again removes the rest. ASYNC is answered at the end, too. Refused within MULTI."

var rowFlushDB = row{
	name: "flushdb", arity: -1, flags: "write", categories: "keyspace write dangerous",
	group: "server", since: "1.0.0", complexity: "O(N) for N keys", syntax: "FLUSHDB [ASYNC | SYNC]",
	summary: "Deletes all keys of the namespace.", differs: differsFlush, alone: true, run: runFlush,
}

var rowFlushAll = row{
	name: "flushall", arity: -1, flags: "write", categories: "keyspace write dangerous",
	group: "server", since: "1.0.0", complexity: "O(N) for N keys", syntax: "FLUSHALL [ASYNC | SYNC]",
	summary: "Deletes all keys of all namespaces.", differs: differsFlush, alone: true, run: runFlushAll,
}

const (
	// flushKeys and flushKeyBytes bound one update of a flush.
	flushKeys     = 1000
	flushKeyBytes = 1 << 20
)

func runFlush(c *conn, args [][]byte) error {
	if !isFlush(args) {
		return errSyntax
	}
	if err := c.flushSpace(c.space); err != nil {
		return err
	}
	c.out.Simple("OK")
	return nil
}

func runFlushAll(c *conn, args [][]byte) error {
	if !isFlush(args) {
		return errSyntax
	}
	r, err := c.do(command.Namespaces{})
	if err != nil {
		return err
	}
	for _, x := range r.Spaces {
		if err := c.flushSpace(x.Name); err != nil {
			return err
		}
	}
	c.out.Simple("OK")
	return nil
}

func isFlush(args [][]byte) bool {
	return len(args) == 1 || len(args) == 2 && (is(args[1], "ASYNC") || is(args[1], "SYNC"))
}

// flushSpace deletes the keys of a namespace.
func (c *conn) flushSpace(n namespace.Name) error {
	scan := command.Scan{Limit: flushKeys}
	for {
		page, err := c.doIn(n, scan)
		if err != nil {
			return err
		}
		for keys := page.List; len(keys) > 0; {
			some := upToBytes(keys, flushKeyBytes)
			if err := c.deleteAll(n, keys[:some]); err != nil {
				return err
			}
			keys = keys[some:]
		}
		if scan.Cursor = page.Cursor; len(page.Cursor) == 0 {
			return nil
		}
	}
}

// upToBytes returns how many keys have so many bytes together, at least one.
func upToBytes(keys [][]byte, limit int) int {
	for i, key := range keys {
		if limit -= len(key); limit < 0 && i > 0 {
			return i
		}
	}
	return len(keys)
}

// deleteAll deletes keys, in smaller updates where one would be too large: the deletion of a hash names
// its counters.
func (c *conn) deleteAll(n namespace.Name, keys [][]byte) error {
	_, err := c.doIn(n, command.Delete{List: keys})
	var large *keyspace.TooLargeError
	if len(keys) < 2 || !errors.As(err, &large) {
		return err
	}
	if err := c.deleteAll(n, keys[:len(keys)/2]); err != nil {
		return err
	}
	return c.deleteAll(n, keys[len(keys)/2:])
}
