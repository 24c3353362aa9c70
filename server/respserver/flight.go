package respserver

import (
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server/resp"
)

// flightsMax is how many writes of one connection may be in flight. They are small: before the
// connection reads on, which a large one needs, all land.
const flightsMax = 128

// flight is a write that was begun and is not answered yet. The writes of a pipeline share commits
// that way.
//
// Invariant: nothing else of the connection runs, and nothing is written to it, before all flights
// have landed. So replies keep their order, and every command sees the writes before it.
type flight struct {
	name  string
	start time.Time
	args  [][]byte
	wait  func() ([]keyspace.Reply, error)
	err   error // why it was not begun
	reply func(*resp.Writer, keyspace.Reply)
}

// flies tells a write that may be in flight: one whose reply is small, whatever is stored, since
// nobody has counted the replies that wait.
func flies(cmd keyspace.Command) bool {
	switch c := cmd.(type) {
	case command.GetDel, command.XReadGroup: // the latter may have to run again
		return false
	case command.SetIf:
		return !c.Old
	default:
		return cmd.Writes()
	}
}

// takeOff begins a write. What the command holds is held until it lands.
func (c *conn) takeOff(f flight, cmd keyspace.Command) {
	f.wait, f.err = c.s.cfg.Dispatcher.Begin(c.ctx, c.space, cmd)
	c.flights = append(c.flights, f)
	c.flightHeld, c.held = c.flightHeld+c.held, 0
	if len(c.flights) >= flightsMax {
		c.land()
	}
}

// land waits for the writes in flight, in order, and answers them.
func (c *conn) land() {
	for i := range c.flights {
		f := &c.flights[i]
		if f.err == nil {
			var replies []keyspace.Reply
			if replies, f.err = f.wait(); f.err == nil {
				f.reply(&c.out, replies[0])
			}
		}
		if f.err != nil {
			c.fail(f.err)
		}
		c.count(f.name, f.start, f.args)
	}
	clear(c.flights) // so that nothing is kept alive
	c.flights = c.flights[:0]
	c.s.give(c.flightHeld)
	c.flightHeld = 0
}
