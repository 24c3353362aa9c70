package respserver

import (
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// transaction holds what MULTI has queued.
type transaction struct {
	queue   []queued
	spoiled bool // a command was refused when it was to be queued
	bytes   int  // of the arguments
	held    int  // bytes taken from the server
}

// queued is one command of a transaction: an operation, an error that it will have, or a command
// about the connection.
type queued struct {
	row  *row
	args [][]byte
	op   operation
	err  error
}

func errQueueTooLong(limit int) error {
	return refusef("ERR too many commands in a transaction: limit %d", limit)
}

func errQueueTooLarge() error {
	return refusef("ERR transaction too large: limit %d bytes", queueBytes)
}

// queue keeps a command for EXEC.
func (c *conn) queue(r *row, args [][]byte) {
	limits := c.s.cfg.Dispatcher.Limits()
	size := 0
	for _, arg := range args {
		size += len(arg)
	}
	switch {
	case r.alone:
		c.refuse(errNotInMulti)
		return
	case len(c.tx.queue) >= limits.Operations:
		c.refuse(errQueueTooLong(limits.Operations))
		return
	case c.tx.bytes+size > queueBytes:
		c.refuse(errQueueTooLarge())
		return
	}
	q := queued{row: r, args: args}
	if r.parse != nil {
		if q.op, q.err = r.parse(args[1:], &limits); q.err != nil {
			q.op = operation{} // what could not be read is not run
		}
		if w, waits := q.op.cmd.(waiting); waits {
			q.op.cmd = w.Command // nothing waits within a transaction
		}
	}
	c.tx.queue = append(c.tx.queue, q)
	c.tx.bytes += size
	c.tx.held, c.held = c.tx.held+c.held, 0 // until the transaction ends
	c.see(func(v *seen) { v.queued = len(c.tx.queue) })
	c.out.Simple("QUEUED")
}

// endTransaction forgets what was queued, and what was watched.
func (c *conn) endTransaction() {
	c.unwatch()
	if c.tx == nil {
		return
	}
	c.s.give(c.tx.held)
	c.tx = nil
	c.see(func(v *seen) { v.queued = -1 })
}

// exec runs what was queued: all operations as one update, and what is about the connection when
// their replies are written.
func (c *conn) exec() error {
	tx := c.tx
	defer c.endTransaction()
	if tx.spoiled {
		return errAborted
	}
	m := tx.commands(c.space)
	c.trackReads(m.Commands...)
	replies, done, err := c.transact(m)
	if err != nil {
		return err
	}
	if !done {
		c.out.NullArray()
		return nil
	}
	c.out.Array(len(tx.queue))
	for _, q := range tx.queue {
		if q.op.cmd == nil {
			c.answerQueued(q)
			continue
		}
		if reply := replies[0]; reply.Err != nil {
			c.fail(reply.Err)
		} else {
			q.op.reply(&c.out, reply)
		}
		replies = replies[1:]
	}
	return nil
}

// commands returns the operations, each in the namespace that those before it have chosen.
func (tx *transaction) commands(space namespace.Name) (m command.Multi) {
	for _, q := range tx.queue {
		if q.row.enters != nil {
			if n, chosen, err := q.row.enters(q.args); chosen && err == nil {
				space = n
			}
		}
		if q.op.cmd != nil {
			m.Commands = append(m.Commands, keyspace.InNamespace(space, q.op.cmd))
		}
	}
	return m
}

// answerQueued answers a queued command that is no operation.
func (c *conn) answerQueued(q queued) {
	if q.err == nil {
		q.err = q.row.run(c, q.args)
	}
	if q.err != nil {
		c.fail(q.err)
	}
}
