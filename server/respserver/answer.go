package respserver

import (
	"bytes"
	"strings"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server/resp"
)

// answer runs one command and writes its reply; that of one in flight is written when it lands.
func (c *conn) answer(cmd resp.Command, start time.Time) {
	name, flying := c.dispatch(cmd, start)
	if !flying {
		c.count(name, start, cmd.Args)
	}
	c.tracking.passed(name, c.tx != nil)
}

// count ends a command that began at a time: its reply is complete.
func (c *conn) count(name string, start time.Time, args [][]byte) {
	c.mute.end(&c.out, c.whole)
	c.whole = c.out.Len()
	c.s.stats.commands.Add(1)
	now := time.Now()
	took := now.Sub(start) - c.waited
	// Writes in flight share commits: all of a pipeline together have kept the node busy for as long as the client waited.
	busy := min(took, now.Sub(c.ended))
	c.ended, c.waited = now, 0
	if s := c.s.commands[name]; s != nil {
		s.count(busy, c.rejected, c.told != nil)
	}
	if c.s.slowlog.isSlow(busy) && !c.rejected {
		c.noteSlow(name, busy, args)
	}
	if c.s.cfg.Events.Request != nil {
		c.s.cfg.Events.Request(name, took, codeOf(c.told))
	}
	c.told, c.rejected = nil, false
}

// noteSlow puts the command into the slow log.
func (c *conn) noteSlow(name string, took time.Duration, args [][]byte) {
	millis, _ := c.s.cfg.Wall.Read()
	c.s.slowlog.add(slowEntry{
		at: millis / 1000, took: took, args: shortened(redacted(name, args)), client: c.net.RemoteAddr().String(), name: c.look().name,
	})
}

// dispatch finds the command and decides what becomes of it, in Redis' order: unknown, arguments,
// authentication, MULTI. It returns the name for reports, and whether the command is in flight.
func (c *conn) dispatch(cmd resp.Command, start time.Time) (name string, flying bool) {
	if c.isForeign(cmd.Args) {
		c.report(EndForeign, "possible cross-protocol request")
		c.closing = true
		return "foreign", false
	}
	r, err := c.find(cmd)
	name = "unknown"
	if r != nil {
		name = r.name
		c.see(func(v *seen) { v.command, v.at = r.name, start })
	}
	if err == nil && c.listensOnly(r) {
		err = errListensOnly(r)
	}
	if err == nil {
		err = c.holdBack(r)
	}
	if err == nil {
		c.show(r, cmd.Args)
	}
	if err == nil && r.parse != nil && c.tx == nil {
		return name, c.operate(r, cmd.Args, start)
	}
	c.land()
	c.rejected = err != nil
	switch {
	case err != nil && r == &rowExec:
		c.endTransaction()
		c.fail(errNoExec(err))
	case err != nil:
		c.refuse(err)
	case c.tx != nil && !r.immediate:
		c.queue(r, cmd.Args)
	default:
		if err := r.run(c, cmd.Args); err != nil {
			c.fail(err)
		}
	}
	return name, false
}

// isForeign tells a browser or another program that speaks HTTP, and may have been lured to this
// port, as Redis does.
func (c *conn) isForeign(args [][]byte) bool {
	return len(args) > 0 && (bytes.EqualFold(args[0], []byte("post")) || bytes.EqualFold(args[0], []byte("host:")))
}

// find returns the row of a command that may run, or why it may not.
func (c *conn) find(cmd resp.Command) (*row, error) {
	args := cmd.Args
	if len(args) == 0 {
		return nil, c.tooLarge(cmd)
	}
	r, err := rowOf(args)
	if err != nil {
		return nil, err
	}
	complete := cmd.Dropped == 0 && !cmd.Refused
	switch {
	case complete && !r.takes(len(args)):
		return r, errArity(r)
	case !c.admitted && !has(r.flags, "no_auth"):
		return r, errNoAuth
	case !complete:
		return r, c.tooLarge(cmd)
	default:
		return r, nil
	}
}

// commandBytes is at least the length of the longest name of a command.
const commandBytes = 32

// rowOf returns the row of a command, or of the subcommand that its first argument chooses.
func rowOf(args [][]byte) (*row, error) {
	var small [commandBytes]byte // on the stack: a name is looked up for each command
	r := table[string(appendLower(small[:0], args[0][:min(len(args[0]), commandBytes)]))]
	if r == nil || len(args[0]) > commandBytes {
		name := strings.ToLower(upTo(args[0], echoBytes))
		if why := refusedReason(name); why != "" {
			return nil, refusef("ERR '%s' is not supported by this server: %s; see docs/redis.md", name, why)
		}
		return nil, errUnknown(args)
	}
	if len(r.subs) > 0 && len(args) > 1 {
		sub := r.sub(strings.ToLower(echo(args[1])))
		if sub == nil {
			return nil, errUnknownSub(r, args[1])
		}
		r = sub
	}
	return r, nil
}

// appendLower appends a name in lower case.
func appendLower(b, name []byte) []byte {
	for _, x := range name {
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		b = append(b, x)
	}
	return b
}

// tooLarge is why a command was not kept.
func (c *conn) tooLarge(cmd resp.Command) error {
	if cmd.Refused {
		return errNoMemory
	}
	if cmd.Dropped > c.limits.KeepBytes {
		return refusef("ERR value too large: %d bytes, limit %d", cmd.Dropped, c.limits.KeepBytes)
	}
	return refusef("ERR command too large: limit %d bytes", c.limits.CommandBytes)
}

// operate runs a data command by itself, or sends it off.
func (c *conn) operate(r *row, args [][]byte, start time.Time) (flying bool) {
	limits := c.s.cfg.Dispatcher.Limits()
	op, err := r.parse(args[1:], &limits)
	if w, waits := op.cmd.(waiting); err == nil && waits {
		c.land()
		if err := c.block(w, op.reply); err != nil {
			c.fail(err)
		}
		return false
	}
	if err == nil && r.prepare == nil && flies(op.cmd) {
		c.takeOff(flight{name: r.name, start: start, args: args, cmd: op.cmd, reply: op.reply})
		return true
	}
	c.land()
	if err == nil && r.prepare != nil {
		op.cmd, err = r.prepare(op.cmd, c.do)
	}
	if err != nil {
		c.fail(err)
		return false
	}
	c.trackReads(op.cmd)
	reply, err := c.do(op.cmd)
	if err != nil {
		c.fail(err)
		return false
	}
	op.reply(&c.out, reply)
	return false
}

// do runs a command of the keyspace, in the namespace of the connection.
func (c *conn) do(cmd keyspace.Command) (keyspace.Reply, error) { return c.doIn(c.space, cmd) }

func (c *conn) doIn(n namespace.Name, cmd keyspace.Command) (keyspace.Reply, error) {
	return c.s.cfg.Dispatcher.DoOne(c.ctx, n, cmd)
}

// fail answers with an error.
func (c *conn) fail(err error) {
	c.told = err
	c.out.Error(textOf(err))
}

// refuse answers a command that does not run; within MULTI that spoils the transaction.
func (c *conn) refuse(err error) {
	if c.tx != nil {
		c.tx.spoiled = true
	}
	c.fail(err)
}
