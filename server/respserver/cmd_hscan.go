package respserver

import (
	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/hscan/

var rowHScan = row{
	name: "hscan", arity: -3, flags: "readonly", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.8.0", complexity: "O(N) for the fields of a page", syntax: "HSCAN key cursor [MATCH pattern] [COUNT count]",
	summary: "Returns a page of the fields and values of a hash, and a cursor for the next one; 0 begins and ends.",
	differs: differsScan + "Fields come in byte order of their names, each exactly once.",
	alone:   true, run: runHScan,
}

func runHScan(c *conn, args [][]byte) error {
	p, err := readPage(args[2], args[3:], c.s.cfg.Dispatcher.Limits().Page, false)
	if err != nil {
		return err
	}
	scan := c.scanOf("hash " + string(args[1]))
	place, ok := c.s.cursors.find(scan, p.id)
	if !ok {
		return refusal("ERR invalid cursor")
	}
	r, err := c.do(command.HGetAll{Key: args[1], Limit: p.count, Cursor: place})
	if err != nil {
		return err
	}
	c.writePage(scan, r.Cursor, p.matchingPairs(r.List))
	return nil
}

// matchingPairs keeps the names that the pattern matches, with their values.
func (p *page) matchingPairs(list [][]byte) [][]byte {
	if p.pattern == nil {
		return list
	}
	kept := list[:0]
	for i := 0; i < len(list); i += 2 {
		if glob.Match(p.pattern, list[i]) {
			kept = append(kept, list[i], list[i+1])
		}
	}
	return kept
}
