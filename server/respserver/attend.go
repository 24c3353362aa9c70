package respserver

import (
	"context"
	"time"
)

// attend lets a command wait: the client hears of the commands before it, and end is called when the client goes or is
// killed, or when the node is draining. It lasts until stop is called.
func (c *conn) attend(end context.CancelCauseFunc) (stop func()) {
	start := time.Now()
	if err := c.flush(); err != nil {
		end(errGone)
	}
	c.tracking.settle(c)
	c.see(func(v *seen) {
		if v.gone = end; v.killed {
			end(errGone)
		}
	})
	silent := c.readAhead(end)
	return func() {
		silent()
		c.see(func(v *seen) { v.gone = nil })
		c.waited += time.Since(start)
	}
}

// unblockable lets CLIENT UNBLOCK end a wait, until stop is called.
func (c *conn) unblockable(end context.CancelCauseFunc) (stop func()) {
	c.see(func(v *seen) { v.unblock = end })
	return func() { c.see(func(v *seen) { v.unblock = nil }) }
}
