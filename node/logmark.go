package node

import (
	"context"
	"time"
)

// markEvery is how long the last commits may lie in the log without a proof behind them.
const markEvery = 500 * time.Millisecond

// markLog lets the log say that all of it is durable, when nothing is written.
func (n *Node) markLog(ctx context.Context) error {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := n.db.Mark(); err != nil {
			return nil // the store is dead, and tells so itself
		}
	}
}
