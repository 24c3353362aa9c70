package client

import (
	"context"
	"math"
	"strconv"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Counter is a handle to a number. Increments of all regions add up.
type Counter struct {
	c   *Client
	key []byte
}

// Counter returns a handle to the counter under key. It sends nothing.
func (c *Client) Counter(key string) *Counter { return &Counter{c, []byte(key)} }

// Get returns the value as the node sees it; 0 when the key does not exist. Errors:
// ErrWrongType, ErrNotInteger.
func (n *Counter) Get(ctx context.Context) (int64, error) {
	result, err := n.c.Do(ctx, opGet(n.key))
	if err != nil {
		return 0, err
	}
	if !result.GetGet().GetFound() {
		return 0, nil
	}
	v, err := strconv.ParseInt(string(result.GetGet().GetValue()), 10, 64)
	if err != nil {
		return 0, &Error{Code: "NOTINT", Message: "value is not an integer or out of range"}
	}
	return v, nil
}

// Incr adds delta and returns the value after it, as the node sees it. Errors:
// ErrWrongType, ErrNotInteger, ErrOverflow, ErrUnknown. A call that loses its connection is sent again, to another node if
// there is one, and counts once. After ErrUnknown a repeated call may count twice, unless it has the same name: see
// WithOperationID.
func (n *Counter) Incr(ctx context.Context, delta int64) (int64, error) {
	result, err := n.c.Do(ctx, opIncr(n.key, delta))
	if err != nil {
		return 0, err
	}
	return result.GetIncr().GetValue(), nil
}

// Decr subtracts delta; else it is like Incr.
func (n *Counter) Decr(ctx context.Context, delta int64) (int64, error) {
	if delta == math.MinInt64 {
		return 0, &Error{Code: "OVERFLOW", Message: "the negative of the decrement is no 64-bit integer"}
	}
	return n.Incr(ctx, -delta)
}

// Reset removes the increments that the node has seen and returns their sum. Increments
// that other regions make meanwhile survive.
func (n *Counter) Reset(ctx context.Context) (int64, error) {
	request := pb.ResetCounterRequest_builder{Key: n.key}.Build()
	result, err := n.c.Do(ctx, pb.Operation_builder{ResetCounter: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetResetCounter().GetValue(), nil
}
