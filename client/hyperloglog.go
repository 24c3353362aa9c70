package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// HyperLogLog is a handle to an estimate of how many different elements were added, in bounded space
// whatever their number: visitors, addresses. What regions add concurrently unites.
type HyperLogLog struct {
	c   *Client
	key []byte
}

// HyperLogLog returns a handle to the HyperLogLog under key. It sends nothing.
func (c *Client) HyperLogLog(key string) *HyperLogLog { return &HyperLogLog{c, []byte(key)} }

// Add adds elements, and tells whether the estimate may have changed. Error: ErrWrongType.
func (h *HyperLogLog) Add(ctx context.Context, elements ...string) (bool, error) {
	result, err := h.c.Do(ctx, opPFAdd(h.key, elements))
	if err != nil {
		return false, err
	}
	return result.GetPfadd().GetChanged(), nil
}

// Count estimates how many different elements were added to it, and to any of others: of their union. The
// standard error is 0.81 %. It is 0 when no key exists. Error: ErrWrongType.
func (h *HyperLogLog) Count(ctx context.Context, others ...string) (int64, error) {
	keys := append([][]byte{h.key}, bytesOf(others)...)
	result, err := h.c.Do(ctx, pb.Operation_builder{Pfcount: pb.PFCountRequest_builder{Keys: keys}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetPfcount().GetCount(), nil
}

// Merge adds what the node has seen added to others. Error: ErrWrongType.
func (h *HyperLogLog) Merge(ctx context.Context, others ...string) error {
	request := pb.PFMergeRequest_builder{Key: h.key, From: bytesOf(others)}.Build()
	_, err := h.c.Do(ctx, pb.Operation_builder{Pfmerge: request}.Build())
	return err
}

// Delete removes the HyperLogLog and tells whether it existed. An element that
// is added concurrently, and changes the estimate, survives.
func (h *HyperLogLog) Delete(ctx context.Context) (bool, error) {
	n, err := h.c.Delete(ctx, string(h.key))
	return n > 0, err
}

func opPFAdd(key []byte, elements []string) *pb.Operation {
	return pb.Operation_builder{Pfadd: pb.PFAddRequest_builder{Key: key, Elements: bytesOf(elements)}.Build()}.Build()
}
