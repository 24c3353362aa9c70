package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// List is a handle to a list. What regions push or insert concurrently at one place stands
// side by side, never interleaved. Two regions that take elements concurrently may both get
// the same one.
type List struct {
	c   *Client
	key []byte
}

// End is an end of a list.
type End bool

// The ends of a list.
const (
	Front End = false
	Back  End = true
)

// Side is a side of an element.
type Side bool

// The sides of an element.
const (
	Before Side = false
	Behind Side = true
)

// List returns a handle to the list under key. It sends nothing.
func (c *Client) List(key string) *List { return &List{c, []byte(key)} }

// PushFront puts values before the list, one after the other, so that the last one is the
// first of the list, and returns how many elements it has then. Error: ErrWrongType.
func (l *List) PushFront(ctx context.Context, values ...string) (int64, error) {
	return l.push(ctx, values, false)
}

// PushBack puts values behind the list, in their order, and returns how many elements it has
// then. Error: ErrWrongType.
func (l *List) PushBack(ctx context.Context, values ...string) (int64, error) {
	return l.push(ctx, values, true)
}

func (l *List) push(ctx context.Context, values []string, to End) (int64, error) {
	result, err := l.c.Do(ctx, opLPush(l.key, values, to))
	if err != nil {
		return 0, err
	}
	return result.GetLpush().GetLength(), nil
}

// PopFront removes and returns the first elements, count at most; 0 is 1. Of an empty list it
// returns none. Errors: ErrWrongType; ErrTooLarge beyond 8 MiB, then none is taken.
func (l *List) PopFront(ctx context.Context, count uint64) ([]string, error) {
	return l.pop(ctx, count, Front)
}

// PopBack is PopFront at the other end; the last element comes first.
func (l *List) PopBack(ctx context.Context, count uint64) ([]string, error) {
	return l.pop(ctx, count, Back)
}

func (l *List) pop(ctx context.Context, count uint64, from End) ([]string, error) {
	request := pb.LPopRequest_builder{Key: l.key, Count: count, Back: bool(from)}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Lpop: request}.Build())
	if err != nil {
		return nil, err
	}
	return stringsOf(result.GetLpop().GetValues()), nil
}

// Range returns the elements from one index to another, both included; negative ones count
// from the end. Errors: ErrWrongType; ErrTooLarge beyond 8 MiB.
func (l *List) Range(ctx context.Context, start, stop int64) ([]string, error) {
	request := pb.LRangeRequest_builder{Key: l.key, Start: start, Stop: stop}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Lrange: request}.Build())
	if err != nil {
		return nil, err
	}
	return stringsOf(result.GetLrange().GetValues()), nil
}

// Len returns the number of elements; 0 when the key does not exist. Error: ErrWrongType.
func (l *List) Len(ctx context.Context) (int64, error) {
	result, err := l.c.Do(ctx, pb.Operation_builder{Llen: pb.LLenRequest_builder{Key: l.key}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetLlen().GetLength(), nil
}

// Index returns the element of an index; negative ones count from the end. Errors:
// ErrNotFound, ErrWrongType.
func (l *List) Index(ctx context.Context, index int64) (string, error) {
	request := pb.LIndexRequest_builder{Key: l.key, Index: index}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Lindex: request}.Build())
	if err != nil {
		return "", err
	}
	if !result.GetLindex().GetFound() {
		return "", notFound(l.key)
	}
	return string(result.GetLindex().GetValue()), nil
}

// Set replaces the element of an index; negative ones count from the end. Errors:
// ErrNotFound if there is no list, ErrInvalid if it has no such element, ErrWrongType.
func (l *List) Set(ctx context.Context, index int64, value string) error {
	request := pb.LSetRequest_builder{Key: l.key, Index: index, Value: []byte(value)}.Build()
	_, err := l.c.Do(ctx, pb.Operation_builder{Lset: request}.Build())
	return err
}

// Insert puts a value beside the first element that equals pivot and returns how many
// elements the list has then. Errors: ErrNotFound if there is no such element, ErrWrongType;
// ErrTooLarge where so much was inserted that there is no room: write the list anew.
func (l *List) Insert(ctx context.Context, side Side, pivot, value string) (int64, error) {
	request := pb.LInsertRequest_builder{Key: l.key, Pivot: []byte(pivot), Value: []byte(value), After: bool(side)}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Linsert: request}.Build())
	if err != nil {
		return 0, err
	}
	if !result.GetLinsert().GetInserted() {
		return 0, notFound(l.key)
	}
	return result.GetLinsert().GetLength(), nil
}

// Remove removes elements that equal value and returns how many: the first count, the last
// -count if it is negative, all if it is 0. Error: ErrWrongType.
func (l *List) Remove(ctx context.Context, value string, count int64) (int64, error) {
	request := pb.LRemRequest_builder{Key: l.key, Value: []byte(value), Count: count}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Lrem: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetLrem().GetRemoved(), nil
}

// Trim keeps the elements from one index to another, both included; negative ones count from
// the end. What other regions push concurrently stays. Error: ErrWrongType.
func (l *List) Trim(ctx context.Context, start, stop int64) error {
	request := pb.LTrimRequest_builder{Key: l.key, Start: start, Stop: stop}.Build()
	_, err := l.c.Do(ctx, pb.Operation_builder{Ltrim: request}.Build())
	return err
}

// Move takes the element at an end and puts it at an end of another list, or the same one, as
// one update, and returns it. Errors: ErrNotFound if there was none, ErrWrongType.
func (l *List) Move(ctx context.Context, from End, into string, to End) (string, error) {
	result, err := l.c.Do(ctx, opLMove(l.key, from, []byte(into), to))
	if err != nil {
		return "", err
	}
	if !result.GetLmove().GetFound() {
		return "", notFound(l.key)
	}
	return string(result.GetLmove().GetValue()), nil
}

// Positions returns the indexes of the elements that equal value, in their order, limit at
// most; 0 is all. It walks over the list. Error: ErrWrongType.
func (l *List) Positions(ctx context.Context, value string, limit uint64) ([]int64, error) {
	request := pb.LPosRequest_builder{Key: l.key, Value: []byte(value), Count: limit}.Build()
	result, err := l.c.Do(ctx, pb.Operation_builder{Lpos: request}.Build())
	if err != nil {
		return nil, err
	}
	return result.GetLpos().GetIndexes(), nil
}

// Delete removes the list and tells whether it existed. What is pushed concurrently survives.
func (l *List) Delete(ctx context.Context) (bool, error) {
	n, err := l.c.Delete(ctx, string(l.key))
	return n > 0, err
}

func stringsOf(values [][]byte) (list []string) {
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

func opLPush(key []byte, values []string, to End) *pb.Operation {
	return pb.Operation_builder{Lpush: pb.LPushRequest_builder{Key: key, Values: bytesOf(values), Back: bool(to)}.Build()}.Build()
}

func opLMove(key []byte, from End, into []byte, to End) *pb.Operation {
	request := pb.LMoveRequest_builder{Key: key, Into: into, FromBack: bool(from), ToBack: bool(to)}.Build()
	return pb.Operation_builder{Lmove: request}.Build()
}
