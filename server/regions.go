package server

import (
	"context"
	"time"

	"github.com/atollkv/atoll/clock"
)

const (
	// regionsLook is how often Await looks what other regions have told.
	regionsLook = 10 * time.Millisecond
	// RegionsWaitMax is how long anybody may wait for other regions.
	RegionsWaitMax = 10 * time.Minute
)

// Regions tells how far what this node has written has come. The zero value knows no other region.
type Regions struct {
	// Written names the last acknowledged update of this node.
	Written func() clock.Dot
	// Holding tells how many other regions hold an update of this node durably, and all before it.
	Holding func(clock.Dot) int
}

// Await waits until n other regions hold all that is written by now, for as long as wait says, or until ctx or ended
// tells that nobody wants to know any more. It returns how many do.
func (r Regions) Await(ctx context.Context, n int64, wait time.Duration, ended func() bool) int {
	if r.Written == nil {
		return 0
	}
	written := r.Written()
	end, tick := time.NewTimer(wait), time.NewTicker(regionsLook)
	defer end.Stop()
	defer tick.Stop()
	for {
		have := r.Holding(written)
		if int64(have) >= n || wait <= 0 || ended() {
			return have
		}
		select {
		case <-tick.C:
		case <-end.C:
			return have
		case <-ctx.Done():
			return have
		}
	}
}
