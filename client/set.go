package client

import (
	"context"
	"iter"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Set is a handle to a set of strings. An add wins over a concurrent remove.
type Set struct {
	c   *Client
	key []byte
}

// Set returns a handle to the set under key. It sends nothing.
func (c *Client) Set(key string) *Set { return &Set{c, []byte(key)} }

// Add adds members and returns how many were not there before. Error: ErrWrongType.
func (s *Set) Add(ctx context.Context, members ...string) (int64, error) {
	result, err := s.c.Do(ctx, opSAdd(s.key, members))
	if err != nil {
		return 0, err
	}
	return result.GetSadd().GetAdded(), nil
}

// Remove removes members and returns how many were there. Error: ErrWrongType.
func (s *Set) Remove(ctx context.Context, members ...string) (int64, error) {
	result, err := s.c.Do(ctx, opSRem(s.key, members))
	if err != nil {
		return 0, err
	}
	return result.GetSrem().GetRemoved(), nil
}

// Contains tells whether member is in the set. Error: ErrWrongType.
func (s *Set) Contains(ctx context.Context, member string) (bool, error) {
	request := pb.SIsMemberRequest_builder{Key: s.key, Member: []byte(member)}.Build()
	result, err := s.c.Do(ctx, pb.Operation_builder{Sismember: request}.Build())
	if err != nil {
		return false, err
	}
	return result.GetSismember().GetMember(), nil
}

// Len returns the number of members; 0 when the key does not exist. Error: ErrWrongType.
func (s *Set) Len(ctx context.Context) (int64, error) {
	request := pb.SCardRequest_builder{Key: s.key}.Build()
	result, err := s.c.Do(ctx, pb.Operation_builder{Scard: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetScard().GetCount(), nil
}

// Members reads the members in byte order, a page at a time. A member that is in the set
// during the whole walk is yielded exactly once. An error comes last, with no member.
func (s *Set) Members(ctx context.Context) iter.Seq2[[]byte, error] {
	return pages(func(cursor []byte) ([][]byte, []byte, error) {
		request := pb.SMembersRequest_builder{Key: s.key, Cursor: cursor}.Build()
		result, err := s.c.Do(ctx, pb.Operation_builder{Smembers: request}.Build())
		return result.GetSmembers().GetMembers(), result.GetSmembers().GetCursor(), err
	})
}

// Delete removes the set and tells whether it existed. A concurrent add survives.
func (s *Set) Delete(ctx context.Context) (bool, error) {
	n, err := s.c.Delete(ctx, string(s.key))
	return n > 0, err
}

// pages yields what page returns, from an empty cursor until the cursor is empty again.
func pages[T any](page func(cursor []byte) (list []T, next []byte, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var cursor []byte
		for {
			list, next, err := page(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, element := range list {
				if !yield(element, nil) {
					return
				}
			}
			if len(next) == 0 {
				return
			}
			cursor = next
		}
	}
}
