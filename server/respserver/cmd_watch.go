package respserver

import (
	"errors"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// See https://redis.io/commands/watch/ and https://redis.io/commands/unwatch/

const (
	// watchMax bounds the keys that a connection watches, watchBytes what each takes beside its name.
	watchMax   = 10_000
	watchBytes = 128
)

var rowWatch = row{
	name: "watch", arity: -2, flags: "noscript loading stale fast allow_busy", categories: "transaction", first: 1, last: -1, step: 1,
	group: "transactions", since: "2.2.0", complexity: "O(N) for N keys", syntax: "WATCH key [key ...]",
	summary: "Lets the next EXEC do nothing where one of the keys has changed by then.", immediate: true,
	differs: "A change is one of this region, or one of another that has arrived: two regions may both pass. EXEC may rarely fail though nothing visible has changed. At most 10,000 keys.",
	run: func(c *conn, args [][]byte) error {
		if c.tx != nil {
			return refusal("ERR WATCH inside MULTI is not allowed")
		}
		if err := c.watchKeys(args[1:]); err != nil {
			return err
		}
		c.out.Simple("OK")
		return nil
	},
}

var rowUnwatch = row{
	name: "unwatch", arity: 1, flags: "noscript loading stale fast allow_busy", categories: "transaction",
	group: "transactions", since: "2.2.0", complexity: "O(N) for N keys", syntax: "UNWATCH",
	summary: "Forgets the watched keys.",
	run: func(c *conn, _ [][]byte) error {
		c.unwatch()
		c.out.Simple("OK")
		return nil
	},
}

// watched is what a connection watches.
type watched struct {
	keyspace.Watch
	count, held int
}

func (c *conn) watchKeys(keys [][]byte) error {
	if c.watched == nil {
		c.watched = &watched{}
	}
	var fresh [][]byte
	size := 0
	for _, key := range keys {
		if !c.watched.Has(c.space, key) {
			fresh, size = append(fresh, key), size+len(key)+watchBytes
		}
	}
	switch {
	case len(fresh) == 0:
		return nil
	case c.watched.count+len(fresh) > watchMax:
		return refusef("ERR too many watched keys: limit %d", watchMax)
	case !c.s.take(size):
		return errNoMemory
	}
	c.watched.held += size
	c.watched.count += len(fresh)
	_, err := c.doInOrder(c.space, command.Watch{List: fresh, As: &c.watched.Watch})
	return err
}

// unwatch forgets what is watched.
func (c *conn) unwatch() {
	if c.watched == nil {
		return
	}
	c.watched.Close()
	c.s.give(c.watched.held)
	c.watched = nil
}

// doInOrder runs a command of the keyspace in the order of writes, even where it only reads.
func (c *conn) doInOrder(n namespace.Name, cmd keyspace.Command) (keyspace.Reply, error) {
	wait, err := c.s.cfg.Dispatcher.Begin(c.ctx, n, cmd)
	if err != nil {
		return keyspace.Reply{}, err
	}
	replies, err := wait()
	if err != nil {
		return keyspace.Reply{}, err
	}
	return replies[0], nil
}

// transact runs the operations of a transaction, which tell their namespaces; done is false where a watched key has changed.
func (c *conn) transact(m command.Multi) (replies []keyspace.Reply, done bool, err error) {
	var r keyspace.Reply
	switch {
	case c.watched != nil:
		m.If = &c.watched.Watch
		r, err = c.doInOrder(namespace.Default, m)
	case len(m.Commands) > 0:
		r, err = c.doIn(namespace.Default, m)
	}
	if errors.Is(err, command.ErrChanged) {
		return nil, false, nil
	}
	return r.Replies, true, err
}
