package server

import (
	"context"
	"time"
)

const (
	// placesMax bounds the writes, over all clients, that are with the shard at a time: each waits
	// for the commits of those before it.
	placesMax = 4096
	// placeWait is how long a write waits for a place before it is refused. Who waits is not
	// read from meanwhile: a client that comes back at once cannot take the time of others. It
	// also bounds what refusals cost: those who come back after 200 ms take more of the processors
	// than those who are served.
	placeWait = time.Second
)

// places bounds what is under way, so that an answer is late by no more than what fits. More load makes
// refusals, not delay: those let in are answered in time, however many want to be.
type places chan struct{}

// take waits for a place. The error is an *Error, or that of ctx.
func (p places) take(ctx context.Context) error {
	select {
	case p <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(placeWait)
	defer timer.Stop()
	select {
	case p <- struct{}{}:
		return nil
	case <-timer.C:
		return Errorf(CodeOverload, "%d writes are under way, and more came than are done", cap(p))
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p places) give() { <-p }
