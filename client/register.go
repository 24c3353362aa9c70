package client

import (
	"context"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Register is a handle to a string. Of concurrent values, reads show the one with the
// greatest stamp, the same in every region; [Register.Siblings] lists all.
type Register struct {
	c   *Client
	key []byte
}

// Register returns a handle to the string under key. It sends nothing.
func (c *Client) Register(key string) *Register { return &Register{c, []byte(key)} }

// Get returns the value. A counter reads as its decimal number. Errors: ErrNotFound,
// ErrWrongType.
func (r *Register) Get(ctx context.Context) ([]byte, error) {
	result, err := r.c.Do(ctx, opGet(r.key))
	if err != nil {
		return nil, err
	}
	if !result.GetGet().GetFound() {
		return nil, notFound(r.key)
	}
	return result.GetGet().GetValue(), nil
}

// Set writes the value, in place of whatever the key held, of any type, and of its deadline. It ends when end
// says, and without it not.
func (r *Register) Set(ctx context.Context, value []byte, end ...Lifetime) error {
	_, err := r.c.Do(ctx, opSet(r.key, value, end))
	return err
}

// Delete removes the key and tells whether it existed. A concurrent write that the node
// has not seen survives.
func (r *Register) Delete(ctx context.Context) (bool, error) {
	n, err := r.c.Delete(ctx, string(r.key))
	return n > 0, err
}

// Sibling is one of the concurrent values of a key.
type Sibling struct {
	// Type is "string" or "set". Value is empty unless it is a string.
	Type  string
	Value []byte
	// Stamp orders writes: hybrid logical time, Unix milliseconds << 16 | counter.
	Stamp uint64
	// Origin and Seq name the update.
	Origin, Seq uint64
	// Region and Node wrote it.
	Region, Node string
	// Shown marks the one that reads show.
	Shown bool
}

// Time is the physical part of the stamp.
func (s Sibling) Time() time.Time { return time.UnixMilli(int64(s.Stamp >> 16)) }

// Siblings lists the concurrent values of the key, the shown one first. It is empty when
// the key does not exist.
func (r *Register) Siblings(ctx context.Context) ([]Sibling, error) {
	request := pb.SiblingsRequest_builder{Key: r.key}.Build()
	result, err := r.c.Do(ctx, pb.Operation_builder{Siblings: request}.Build())
	if err != nil {
		return nil, err
	}
	var list []Sibling
	for _, s := range result.GetSiblings().GetSiblings() {
		list = append(list, Sibling{
			Type: s.GetType(), Value: s.GetValue(), Stamp: s.GetStamp(), Origin: s.GetOrigin(), Seq: s.GetSeq(),
			Region: s.GetRegion(), Node: s.GetNode(), Shown: s.GetShown(),
		})
	}
	return list, nil
}
