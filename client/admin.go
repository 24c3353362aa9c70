package client

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Admin returns a client of the Admin service of the node that calls go to. It is for
// tools; its errors are gRPC statuses, which [ExplainError] turns into an [*Error].
func (c *Client) Admin() pb.AdminClient { return pb.NewAdminClient(follower{c}) }

// ExplainError turns the gRPC status of an Admin call into an *Error.
func ExplainError(err error) error {
	if err == nil {
		return nil
	}
	return fromStatus(err)
}

// follower sends each call over the connection that the client has at that time.
type follower struct{ c *Client }

func (f follower) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := f.c.bounded(ctx)
	defer cancel()
	s, err := f.c.current(ctx, nil)
	if err != nil {
		return err
	}
	return s.conn.Invoke(ctx, method, args, reply, opts...)
}

func (f follower) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := f.c.current(ctx, nil)
	if err != nil {
		return nil, err
	}
	return s.conn.NewStream(ctx, desc, method, opts...)
}
