package client

import (
	"context"
	"math"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// waitSpare is how much longer than a wait its answer may take.
const waitSpare = 10 * time.Second

// Wait waits until so many other regions hold durably what the node has written by now, or until timeout, ten
// minutes at most, and returns how many do. Fewer is no error: the writes are done, and go on travelling. It asks
// the node that calls go to at that time: after a failover that is another one than that of earlier writes, and it
// speaks for its own.
func (c *Client) Wait(ctx context.Context, regions int, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+waitSpare)
	defer cancel()
	request := pb.WaitRequest_builder{
		Regions: uint32(max(0, min(regions, math.MaxInt32))), TimeoutMs: uint32(max(0, min(timeout.Milliseconds(), math.MaxInt32))),
	}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Wait: request}.Build())
	return int(result.GetWait().GetRegions()), err
}
