package respserver

import (
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server/resp"
)

const (
	// flightsMax is how many writes of one connection may be in flight. They are small: before the
	// connection reads on, which a large one needs, all land.
	flightsMax = 128
	// flightBytesMax is after how many bytes of arguments no more are taken along: they share a commit.
	flightBytesMax = 256 << 10
)

// flight is a write that waits for those that come with it. The writes of a pipeline share commits
// that way.
//
// Invariant: nothing else of the connection runs, and nothing is written to it, before all flights
// have landed. So replies keep their order, and every command sees the writes before it.
type flight struct {
	name  string
	start time.Time
	args  [][]byte
	cmd   keyspace.Command
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

// takeOff takes a write along with those in flight. What the command holds is held until it lands.
func (c *conn) takeOff(f flight) {
	c.flights = append(c.flights, f)
	c.flightHeld, c.held = c.flightHeld+c.held, 0
	for _, arg := range f.args {
		c.flightBytes += len(arg)
	}
	if len(c.flights) >= flightsMax || c.flightBytes >= flightBytesMax {
		c.land()
	}
}

// land carries out the writes in flight, in order, and answers them.
func (c *conn) land() {
	if len(c.flights) > 0 {
		c.arrive()
	}
	clear(c.flights) // so that nothing is kept alive
	c.flights = c.flights[:0]
	c.s.give(c.flightHeld)
	c.flightHeld, c.flightBytes = 0, 0
}

func (c *conn) arrive() {
	cmds := make([]keyspace.Command, len(c.flights))
	for i := range cmds {
		cmds[i] = c.flights[i].cmd
	}
	replies := c.s.cfg.Dispatcher.DoEach(c.ctx, c.space, cmds)
	for i := range c.flights {
		f := &c.flights[i]
		if err := replies[i].Err; err != nil {
			c.fail(err)
		} else {
			f.reply(&c.out, replies[i])
		}
		c.count(f.name, f.start, f.args)
	}
}
