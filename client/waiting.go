package client

import (
	"context"
	"slices"
	"strings"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// The calls here wait where there is nothing: at most for a time, for [ForEver], or not at all if it is 0. They wait for
// what the region of the node writes, and for what arrives from others. Who came first is served first; where one waits
// in two regions for one element, both may get it.
//
// The end of the context ends the wait and takes nothing, but whether an element was taken just then is not known: the
// error of one that takes is [ErrUnknown]. The end of the time is certain: then nothing was taken. Some hundred calls of
// a client wait at a time, eight in a session; more wait for their turn.

// PopAny takes elements from an end of the first list that has some, count at most; 0 is 1. Errors: ErrNotFound if
// nothing came in time, ErrWrongType, ErrTooLarge.
func (c *Client) PopAny(ctx context.Context, wait time.Duration, from End, count uint64, keys ...string) (key string, values []string, err error) {
	request := pb.LMPopRequest_builder{Keys: bytesOf(keys), Count: count, Back: bool(from), WaitMs: waitOf(wait)}.Build()
	result, err := c.doWaiting(ctx, wait, pb.Operation_builder{Lmpop: request}.Build())
	if err != nil {
		return "", nil, err
	}
	r := result.GetLmpop()
	if !r.GetFound() {
		return "", nil, nothingOf(keys)
	}
	return string(r.GetKey()), stringsOf(r.GetValues()), nil
}

// MoveWaiting is [List.Move] that waits for an element. Errors: ErrNotFound if none came in time, ErrWrongType.
func (l *List) MoveWaiting(ctx context.Context, wait time.Duration, from End, into string, to End) (string, error) {
	op := opLMove(l.key, from, []byte(into), to)
	op.GetLmove().SetWaitMs(waitOf(wait))
	result, err := l.c.doWaiting(ctx, wait, op)
	if err != nil {
		return "", err
	}
	if !result.GetLmove().GetFound() {
		return "", notFound(l.key)
	}
	return string(result.GetLmove().GetValue()), nil
}

// PopAnyMin removes and returns the members with the least scores of the first sorted set that has some, count at most; 0
// is 1. Errors: ErrNotFound if nothing came in time, ErrWrongType.
func (c *Client) PopAnyMin(ctx context.Context, wait time.Duration, count uint64, keys ...string) (key string, members []Scored, err error) {
	return c.popAnyScored(ctx, wait, count, false, keys)
}

// PopAnyMax is PopAnyMin for the greatest scores.
func (c *Client) PopAnyMax(ctx context.Context, wait time.Duration, count uint64, keys ...string) (key string, members []Scored, err error) {
	return c.popAnyScored(ctx, wait, count, true, keys)
}

func (c *Client) popAnyScored(ctx context.Context, wait time.Duration, count uint64, greatest bool, keys []string) (string, []Scored, error) {
	request := pb.ZMPopRequest_builder{Keys: bytesOf(keys), Count: count, Greatest: greatest, WaitMs: waitOf(wait)}.Build()
	result, err := c.doWaiting(ctx, wait, pb.Operation_builder{Zmpop: request}.Build())
	if err != nil {
		return "", nil, err
	}
	r := result.GetZmpop()
	if !r.GetFound() {
		return "", nil, nothingOf(keys)
	}
	return string(r.GetKey()), scoredOf(r.GetMembers()), nil
}

// AwaitStreams is [Client.ReadStreams] that waits for entries. All who wait for an entry get it. Nothing in time is no
// error.
func (c *Client) AwaitStreams(ctx context.Context, wait time.Duration, limit uint64, streams ...StreamPlace) ([]StreamPart, error) {
	request := readRequest(limit, streams)
	request.SetWaitMs(waitOf(wait))
	result, err := c.doWaiting(ctx, wait, pb.Operation_builder{Xread: request}.Build())
	if err != nil {
		return nil, err
	}
	return partsFrom(result.GetXread()), nil
}

// Await is [Stream.Read] that waits for entries. Nothing in time is no error.
func (s *Stream) Await(ctx context.Context, wait time.Duration, after StreamID, limit uint64) ([]Entry, error) {
	parts, err := s.c.AwaitStreams(ctx, wait, limit, StreamPlace{Key: string(s.key), After: after})
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	return parts[0].Entries, nil
}

func nothingOf(keys []string) error { return notFound([]byte(strings.Join(keys, " "))) }

// Waits tells whether an operation is a command in the words of the Redis protocol that may wait for a key.
func Waits(op *pb.Operation) bool {
	words := op.GetCommand().GetArguments()
	if len(words) == 0 {
		return false
	}
	switch strings.ToUpper(string(words[0])) {
	case "BLPOP", "BRPOP", "BLMPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BZMPOP":
		return true
	case "XREAD", "XREADGROUP", "ATOLL.XCURSOR":
		return slices.ContainsFunc(words[1:], func(a []byte) bool { return strings.EqualFold(string(a), "BLOCK") })
	}
	return false
}
