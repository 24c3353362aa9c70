package replication

import (
	"context"
	"time"

	"github.com/atollkv/atoll/internal/linkcut"
)

// writeWhen is the writer of a session: it looks whether the stream may go on, and sends what there is, whenever it is woken,
// cuts change, or some time has passed. It returns the first error, or that of ctx.
func writeWhen(ctx context.Context, wake <-chan struct{}, cuts *linkcut.Cuts, check func() error, send func(context.Context) error) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		changed := cuts.Changed() // before check, so that no cut is missed
		if err := check(); err != nil {
			return err
		}
		if err := send(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		case <-changed:
		case <-tick.C:
		}
	}
}
