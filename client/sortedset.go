package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// SortedSet is a handle to a sorted set: members in the order of their scores, and of bytes
// among equal ones. Of concurrent scores of one member the later one is shown; increments of
// all regions add up, exactly.
type SortedSet struct {
	c   *Client
	key []byte
}

// Scored is a member of a sorted set. A score is not NaN.
type Scored struct {
	Member string
	Score  float64
}

// Scores is a span of scores.
type Scores struct {
	Min, Max float64
	// MinOpen and MaxOpen leave out members with that score.
	MinOpen, MaxOpen bool
	// Reverse is from the greatest score to the least.
	Reverse bool
	// Offset skips members; Limit is how many at most, 0 for all.
	Offset, Limit uint64
}

// SortedSet returns a handle to the sorted set under key. It sends nothing.
func (c *Client) SortedSet(key string) *SortedSet { return &SortedSet{c, []byte(key)} }

// Add gives members their scores as one update and returns how many were not there before.
// Error: ErrWrongType.
func (z *SortedSet) Add(ctx context.Context, members ...Scored) (int64, error) {
	result, err := z.c.Do(ctx, opZAdd(z.key, members))
	if err != nil {
		return 0, err
	}
	return result.GetZadd().GetAdded(), nil
}

// Incr adds delta to the score of a member and returns it as the node sees it; nothing
// counts as 0. Errors: ErrWrongType, ErrOverflow where there is no such number.
func (z *SortedSet) Incr(ctx context.Context, member string, delta float64) (float64, error) {
	result, err := z.c.Do(ctx, opZIncr(z.key, member, delta))
	if err != nil {
		return 0, err
	}
	return result.GetZincr().GetScore(), nil
}

// Remove removes members and returns how many were there. Error: ErrWrongType.
func (z *SortedSet) Remove(ctx context.Context, members ...string) (int64, error) {
	result, err := z.c.Do(ctx, opZRem(z.key, members))
	if err != nil {
		return 0, err
	}
	return result.GetZrem().GetRemoved(), nil
}

// Score returns the score of a member. Errors: ErrNotFound, ErrWrongType.
func (z *SortedSet) Score(ctx context.Context, member string) (float64, error) {
	request := pb.ZScoreRequest_builder{Key: z.key, Member: []byte(member)}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{Zscore: request}.Build())
	if err != nil {
		return 0, err
	}
	if !result.GetZscore().GetFound() {
		return 0, notFound(z.key)
	}
	return result.GetZscore().GetScore(), nil
}

// Len returns the number of members; 0 when the key does not exist. Error: ErrWrongType.
func (z *SortedSet) Len(ctx context.Context) (int64, error) {
	request := pb.ZCardRequest_builder{Key: z.key}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{Zcard: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetZcard().GetCount(), nil
}

// Range returns the members from one rank to another, both included; negative ones count
// from the end. Errors: ErrWrongType; ErrTooLarge beyond 8 MiB.
func (z *SortedSet) Range(ctx context.Context, start, stop int64) ([]Scored, error) {
	return z.byRank(ctx, start, stop, false)
}

// RangeReverse is Range from the greatest score to the least.
func (z *SortedSet) RangeReverse(ctx context.Context, start, stop int64) ([]Scored, error) {
	return z.byRank(ctx, start, stop, true)
}

func (z *SortedSet) byRank(ctx context.Context, start, stop int64, reverse bool) ([]Scored, error) {
	request := pb.ZRangeRequest_builder{Key: z.key, Start: start, Stop: stop, Reverse: reverse}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{Zrange: request}.Build())
	if err != nil {
		return nil, err
	}
	return scoredOf(result.GetZrange().GetMembers()), nil
}

// RangeByScore returns the members with scores in a span. Errors: as of Range.
func (z *SortedSet) RangeByScore(ctx context.Context, s Scores) ([]Scored, error) {
	request := pb.ZRangeByScoreRequest_builder{
		Key: z.key, Min: s.Min, Max: s.Max, MinOpen: s.MinOpen, MaxOpen: s.MaxOpen, Reverse: s.Reverse, Offset: s.Offset, Limit: s.Limit,
	}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{ZrangeByScore: request}.Build())
	if err != nil {
		return nil, err
	}
	return scoredOf(result.GetZrangeByScore().GetMembers()), nil
}

// Rank returns how many members come before one. It takes time with that number. Errors:
// ErrNotFound, ErrWrongType.
func (z *SortedSet) Rank(ctx context.Context, member string) (int64, error) {
	request := pb.ZRankRequest_builder{Key: z.key, Member: []byte(member)}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{Zrank: request}.Build())
	if err != nil {
		return 0, err
	}
	if !result.GetZrank().GetFound() {
		return 0, notFound(z.key)
	}
	return result.GetZrank().GetRank(), nil
}

// PopMin removes and returns the members with the least scores, count at most; 0 is 1. Two
// regions may both return the same member. Error: ErrWrongType.
func (z *SortedSet) PopMin(ctx context.Context, count uint64) ([]Scored, error) {
	return z.pop(ctx, count, false)
}

// PopMax is PopMin of the greatest scores.
func (z *SortedSet) PopMax(ctx context.Context, count uint64) ([]Scored, error) {
	return z.pop(ctx, count, true)
}

func (z *SortedSet) pop(ctx context.Context, count uint64, greatest bool) ([]Scored, error) {
	request := pb.ZPopRequest_builder{Key: z.key, Count: count, Greatest: greatest}.Build()
	result, err := z.c.Do(ctx, pb.Operation_builder{Zpop: request}.Build())
	if err != nil {
		return nil, err
	}
	return scoredOf(result.GetZpop().GetMembers()), nil
}

// Delete removes the sorted set and tells whether it existed. A concurrent write of a
// member survives.
func (z *SortedSet) Delete(ctx context.Context) (bool, error) {
	n, err := z.c.Delete(ctx, string(z.key))
	return n > 0, err
}

func scoredOf(members []*pb.ScoredMember) (list []Scored) {
	for _, m := range members {
		list = append(list, Scored{string(m.GetMember()), m.GetScore()})
	}
	return list
}

func opZAdd(key []byte, members []Scored) *pb.Operation {
	list := make([]*pb.ScoredMember, 0, len(members))
	for _, m := range members {
		list = append(list, pb.ScoredMember_builder{Member: []byte(m.Member), Score: m.Score}.Build())
	}
	return pb.Operation_builder{Zadd: pb.ZAddRequest_builder{Key: key, Members: list}.Build()}.Build()
}

func opZIncr(key []byte, member string, delta float64) *pb.Operation {
	return pb.Operation_builder{Zincr: pb.ZIncrRequest_builder{Key: key, Member: []byte(member), Delta: delta}.Build()}.Build()
}

func opZRem(key []byte, members []string) *pb.Operation {
	return pb.Operation_builder{Zrem: pb.ZRemRequest_builder{Key: key, Members: bytesOf(members)}.Build()}.Build()
}
