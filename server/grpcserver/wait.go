package grpcserver

import (
	"context"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// waitsMax bounds the calls that wait for other regions at a time: each looks again and again.
const waitsMax = 1024

// Wait waits until other regions hold what is written. It ends early when the node drains.
func (k *kvService) Wait(ctx context.Context, q *pb.WaitRequest) (*pb.WaitResponse, error) {
	select {
	case k.waits <- struct{}{}:
		defer func() { <-k.waits }()
	default:
		return nil, server.Errorf(server.CodeOverload, "%d calls wait for other regions already", waitsMax)
	}
	draining := func() bool {
		select {
		case <-k.cfg.Dispatcher.Draining():
			return true
		default:
			return false
		}
	}
	wait := min(time.Duration(q.GetTimeoutMs())*time.Millisecond, server.RegionsWaitMax)
	have := k.cfg.Regions.Await(ctx, int64(q.GetRegions()), wait, draining)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return pb.WaitResponse_builder{Regions: uint32(have)}.Build(), nil
}
