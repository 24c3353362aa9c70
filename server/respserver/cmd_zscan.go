package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zscan/

var rowZScan = row{
	name: "zscan", arity: -3, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.8.0", complexity: "O(N) for the members of a page", syntax: "ZSCAN key cursor [MATCH pattern] [COUNT count]",
	summary: "Returns a page of the members and scores of a sorted set, and a cursor for the next one; 0 begins and ends.",
	differs: differsScan + "Members come in byte order, each exactly once.",
	alone:   true, run: runZScan,
}

func runZScan(c *conn, args [][]byte) error {
	p, err := readPage(args[2], args[3:], c.s.cfg.Dispatcher.Limits().Page, false)
	if err != nil {
		return err
	}
	scan := c.scanOf("sorted set " + string(args[1]))
	place, ok := c.s.cursors.find(scan, p.id)
	if !ok {
		return refusal("ERR invalid cursor")
	}
	r, err := c.do(command.ZScan{Key: args[1], Limit: p.count, Cursor: place})
	if err != nil {
		return err
	}
	pairs := make([][]byte, 0, 2*len(r.List))
	for i, m := range r.List {
		pairs = append(pairs, m, resp.AppendDouble(nil, r.Scores[i]))
	}
	c.writePage(scan, r.Cursor, p.matchingPairs(pairs))
	return nil
}
