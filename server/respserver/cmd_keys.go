package respserver

import (
	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/keys/

const (
	// keysPage is how many keys KEYS looks at a time, keysMax and keysBytes what it returns at most.
	keysPage  = 10_000
	keysMax   = 1 << 20
	keysBytes = 64 << 20
)

var rowKeys = row{
	name: "keys", arity: 2, flags: "readonly", categories: "keyspace read dangerous",
	group: "generic", since: "1.0.0", complexity: "O(N) for N keys", syntax: "KEYS pattern",
	summary: "Returns the keys that match a pattern.",
	differs: "It reads page by page: a key that exists all the while is returned once. More than 1,048,576 keys, or 64 MiB, are refused: use SCAN. Refused within MULTI.",
	alone:   true, run: runKeys,
}

func runKeys(c *conn, args [][]byte) error {
	p := page{pattern: args[1]}
	if len(p.pattern) > patternBytes {
		return refusef("ERR pattern too long: %d bytes, limit %d", len(p.pattern), patternBytes)
	}
	var all [][]byte
	size := 0
	scan := command.Scan{Prefix: glob.Prefix(p.pattern), Limit: keysPage}
	for {
		r, err := c.do(scan)
		if err != nil {
			return err
		}
		found := p.matching(r.List)
		n := weigh(found)
		if size += n; len(all)+len(found) > keysMax || size > keysBytes {
			return refusef("ERR more than %d keys, or %d bytes of them, match; use SCAN", keysMax, keysBytes)
		}
		if !c.s.take(n) {
			return errNoMemory
		}
		c.held += n // until the command is answered
		all = append(all, found...)
		if scan.Cursor = r.Cursor; len(r.Cursor) == 0 {
			replyBulks(&c.out, keyspace.Reply{List: all})
			return nil
		}
	}
}

// weigh is what keys take in memory and in a reply.
func weigh(keys [][]byte) (n int) {
	for _, key := range keys {
		n += len(key) + 32
	}
	return n
}
