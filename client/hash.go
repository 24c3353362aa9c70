package client

import (
	"context"
	"iter"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Hash is a handle to a hash: fields that merge one by one, each like a string or a counter
// of its own. A write of a field wins over its concurrent deletion, and over that of the
// whole hash.
type Hash struct {
	c   *Client
	key []byte
}

// Field is a field of a hash and its value.
type Field struct {
	Name  string
	Value []byte
}

// Hash returns a handle to the hash under key. It sends nothing.
func (c *Client) Hash(key string) *Hash { return &Hash{c, []byte(key)} }

// Set writes a field and tells whether it was not there before. Error: ErrWrongType.
func (h *Hash) Set(ctx context.Context, field string, value []byte) (bool, error) {
	n, err := h.SetAll(ctx, map[string][]byte{field: value})
	return n > 0, err
}

// SetAll writes fields as one update and returns how many were not there before. Error:
// ErrWrongType.
func (h *Hash) SetAll(ctx context.Context, fields map[string][]byte) (int64, error) {
	result, err := h.c.Do(ctx, opHSet(h.key, fields))
	if err != nil {
		return 0, err
	}
	return result.GetHset().GetAdded(), nil
}

// SetNew writes a field unless this node sees it, and tells whether it did. Regions that do
// so concurrently all succeed: it is no lock. Error: ErrWrongType.
func (h *Hash) SetNew(ctx context.Context, field string, value []byte) (bool, error) {
	request := pb.HSetNXRequest_builder{Key: h.key, Field: []byte(field), Value: value}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hsetnx: request}.Build())
	if err != nil {
		return false, err
	}
	return result.GetHsetnx().GetSet(), nil
}

// Get reads a field. Errors: ErrNotFound, ErrWrongType.
func (h *Hash) Get(ctx context.Context, field string) ([]byte, error) {
	request := pb.HGetRequest_builder{Key: h.key, Field: []byte(field)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hget: request}.Build())
	if err != nil {
		return nil, err
	}
	if !result.GetHget().GetFound() {
		return nil, notFound(h.key)
	}
	return result.GetHget().GetValue(), nil
}

// GetSome reads fields; those that are not there are not in the result. Error: ErrWrongType,
// and ErrTooLarge for values of more than 8 MiB together.
func (h *Hash) GetSome(ctx context.Context, fields ...string) (map[string][]byte, error) {
	request := pb.HMGetRequest_builder{Key: h.key, Fields: bytesOf(fields)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hmget: request}.Build())
	if err != nil {
		return nil, err
	}
	return foundOf(fields, result.GetHmget().GetValues()), nil
}

// Incr adds delta to the number in a field and returns it as the node sees it. Concurrent
// increments of all regions add up. Errors: ErrWrongType, ErrNotInteger, ErrOverflow.
func (h *Hash) Incr(ctx context.Context, field string, delta int64) (int64, error) {
	result, err := h.c.Do(ctx, opHIncr(h.key, field, delta))
	if err != nil {
		return 0, err
	}
	return result.GetHincr().GetValue(), nil
}

// Remove deletes fields and returns how many were there. Error: ErrWrongType.
func (h *Hash) Remove(ctx context.Context, fields ...string) (int64, error) {
	result, err := h.c.Do(ctx, opHDel(h.key, fields))
	if err != nil {
		return 0, err
	}
	return result.GetHdel().GetDeleted(), nil
}

// Contains tells whether the hash has a field. Error: ErrWrongType.
func (h *Hash) Contains(ctx context.Context, field string) (bool, error) {
	request := pb.HExistsRequest_builder{Key: h.key, Field: []byte(field)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hexists: request}.Build())
	if err != nil {
		return false, err
	}
	return result.GetHexists().GetExists(), nil
}

// ValueLen returns the length of a field's value in bytes; 0 when there is no such field.
// Error: ErrWrongType.
func (h *Hash) ValueLen(ctx context.Context, field string) (int64, error) {
	request := pb.HStrLenRequest_builder{Key: h.key, Field: []byte(field)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hstrlen: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetHstrlen().GetLength(), nil
}

// Len returns the number of fields; 0 when the key does not exist. Error: ErrWrongType.
func (h *Hash) Len(ctx context.Context) (int64, error) {
	request := pb.HLenRequest_builder{Key: h.key}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hlen: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetHlen().GetCount(), nil
}

// All reads the fields in byte order of their names, a page at a time. A field that is in
// the hash during the whole walk is yielded exactly once. An error comes last, with no
// field.
func (h *Hash) All(ctx context.Context) iter.Seq2[Field, error] {
	return pages(func(cursor []byte) ([]Field, []byte, error) {
		request := pb.HGetAllRequest_builder{Key: h.key, Cursor: cursor}.Build()
		result, err := h.c.Do(ctx, pb.Operation_builder{Hgetall: request}.Build())
		var list []Field
		for _, f := range result.GetHgetall().GetFields() {
			list = append(list, Field{string(f.GetField()), f.GetValue()})
		}
		return list, result.GetHgetall().GetCursor(), err
	})
}

// Names reads the names of the fields as All does.
func (h *Hash) Names(ctx context.Context) iter.Seq2[[]byte, error] {
	return pages(func(cursor []byte) ([][]byte, []byte, error) {
		request := pb.HKeysRequest_builder{Key: h.key, Cursor: cursor}.Build()
		result, err := h.c.Do(ctx, pb.Operation_builder{Hkeys: request}.Build())
		return result.GetHkeys().GetFields(), result.GetHkeys().GetCursor(), err
	})
}

// Values reads the values of the fields as All does.
func (h *Hash) Values(ctx context.Context) iter.Seq2[[]byte, error] {
	return pages(func(cursor []byte) ([][]byte, []byte, error) {
		request := pb.HValsRequest_builder{Key: h.key, Cursor: cursor}.Build()
		result, err := h.c.Do(ctx, pb.Operation_builder{Hvals: request}.Build())
		return result.GetHvals().GetValues(), result.GetHvals().GetCursor(), err
	})
}

// Delete removes the hash and tells whether it existed. A concurrent write of a field
// survives.
func (h *Hash) Delete(ctx context.Context) (bool, error) {
	n, err := h.c.Delete(ctx, string(h.key))
	return n > 0, err
}

func opHSet(key []byte, fields map[string][]byte) *pb.Operation {
	return pb.Operation_builder{Hset: pb.HSetRequest_builder{Key: key, Fields: fieldValues(fields)}.Build()}.Build()
}

func opHIncr(key []byte, field string, delta int64) *pb.Operation {
	return pb.Operation_builder{Hincr: pb.HIncrRequest_builder{Key: key, Field: []byte(field), Delta: delta}.Build()}.Build()
}

func opHDel(key []byte, fields []string) *pb.Operation {
	return pb.Operation_builder{Hdel: pb.HDelRequest_builder{Key: key, Fields: bytesOf(fields)}.Build()}.Build()
}
