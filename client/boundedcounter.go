package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// BoundedCounter is a handle to a number that never goes below its bound, in any region: stock, seats,
// permits. Each node takes from rights of its own, without asking another one.
type BoundedCounter struct {
	c   *Client
	key []byte
}

// Account is what one run of a node may take of a bounded counter.
type Account struct {
	Region, Node string
	// Origin names the run: a node that was restarted has a new one.
	Origin uint64
	Rights int64
}

// BoundedCounter returns a handle to the bounded counter under key. It sends nothing.
func (c *Client) BoundedCounter(key string) *BoundedCounter { return &BoundedCounter{c, []byte(key)} }

// Create makes the bounded counter, where nothing is, with a value not below the bound. The node gets the
// rights to all that lies above the bound. Of two that are created concurrently one is shown. Errors:
// ErrInvalid when the key exists, ErrWrongType.
func (b *BoundedCounter) Create(ctx context.Context, bound, value int64) error {
	_, err := b.c.Do(ctx, opBCreate(b.key, bound, value))
	return err
}

// Get returns the value as the node sees it. Errors: ErrNotFound, ErrWrongType.
func (b *BoundedCounter) Get(ctx context.Context) (int64, error) {
	result, err := b.c.Do(ctx, pb.Operation_builder{Bget: pb.BGetRequest_builder{Key: b.key}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	if !result.GetBget().GetFound() {
		return 0, errNoCounter()
	}
	return result.GetBget().GetValue(), nil
}

func errNoCounter() error { return &Error{Code: codeNotFound, Message: "no such bounded counter"} }

// Incr adds n, 1 or more, and returns the value after it, as the node sees it. The node gets the rights to
// it. Errors: as Decr, but ErrNoRights; ErrOverflow.
func (b *BoundedCounter) Incr(ctx context.Context, n int64) (int64, error) {
	result, err := b.c.Do(ctx, opBIncr(b.key, n))
	return result.GetBincr().GetValue(), err
}

// Decr takes n, 1 or more, and returns the value after it, as the node sees it. Errors: ErrNoRights, when
// the node holds too few rights: nothing was taken, the other nodes were asked for some, so try again;
// ErrNotFound, ErrInvalid, ErrWrongType, ErrUnknown: a repeated call may take twice.
func (b *BoundedCounter) Decr(ctx context.Context, n int64) (int64, error) {
	result, err := b.c.Do(ctx, opBDecr(b.key, n))
	return result.GetBdecr().GetValue(), err
}

// Grant moves rights to n from the node to the one of another region that wrote last. Errors: as Decr.
func (b *BoundedCounter) Grant(ctx context.Context, region string, n int64) error {
	request := pb.BGrantRequest_builder{Key: b.key, Region: region, Amount: n}.Build()
	_, err := b.c.Do(ctx, pb.Operation_builder{Bgrant: request}.Build())
	return err
}

// Rights tells who may take how much, ascending by origin. Errors: ErrNotFound, ErrWrongType.
func (b *BoundedCounter) Rights(ctx context.Context) (list []Account, err error) {
	result, err := b.c.Do(ctx, pb.Operation_builder{Brights: pb.BRightsRequest_builder{Key: b.key}.Build()}.Build())
	if err == nil && !result.GetBrights().GetFound() {
		err = errNoCounter()
	}
	for _, a := range result.GetBrights().GetAccounts() {
		list = append(list, Account{a.GetRegion(), a.GetNode(), a.GetOrigin(), a.GetRights()})
	}
	return list, err
}

// Reclaim takes over the rights that earlier runs of the node have left, and returns how many. Only where
// the node's data directory was never replaced by an older copy: what such a run took and told no other
// node would be taken again. It finds a run once all nodes have seen it to its end, minutes after it.
// Errors: ErrNotFound, ErrWrongType.
func (b *BoundedCounter) Reclaim(ctx context.Context) (int64, error) {
	request := pb.BReclaimRequest_builder{Key: b.key}.Build()
	result, err := b.c.Do(ctx, pb.Operation_builder{Breclaim: request}.Build())
	return result.GetBreclaim().GetRights(), err
}

func opBCreate(key []byte, bound, value int64) *pb.Operation {
	return pb.Operation_builder{Bcreate: pb.BCreateRequest_builder{Key: key, Bound: bound, Value: value}.Build()}.Build()
}

func opBIncr(key []byte, n int64) *pb.Operation {
	return pb.Operation_builder{Bincr: pb.BIncrRequest_builder{Key: key, Amount: n}.Build()}.Build()
}

func opBDecr(key []byte, n int64) *pb.Operation {
	return pb.Operation_builder{Bdecr: pb.BDecrRequest_builder{Key: key, Amount: n}.Build()}.Build()
}
