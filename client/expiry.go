package client

import (
	"context"
	"slices"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Lifetime says when a key ends: from then on nobody sees it, in any region. A time that has come deletes the
// key. Times are counted in milliseconds.
type Lifetime struct{ message *pb.Lifetime }

// EndsIn is a time from now.
func EndsIn(d time.Duration) Lifetime {
	ms := d.Milliseconds()
	return Lifetime{pb.Lifetime_builder{InMs: &ms}.Build()}
}

// EndsAt is a time.
func EndsAt(t time.Time) Lifetime {
	ms := t.UnixMilli()
	return Lifetime{pb.Lifetime_builder{AtMs: &ms}.Build()}
}

// EndsAsBefore is when what is replaced would have ended; it is for Set.
func EndsAsBefore() Lifetime {
	yes := true
	return Lifetime{pb.Lifetime_builder{AsBefore: &yes}.Build()}
}

// ExpireIf is a condition on the deadline that the node sees; a key without one ends later than any.
type ExpireIf int

// The conditions; at most one of IfNone and the others, and of IfLater and IfSooner, makes sense.
const (
	IfNone ExpireIf = iota
	IfSome
	IfLater
	IfSooner
)

// Expire lets a key of any type end, and tells whether it exists and the conditions hold. Of deadlines that
// regions set concurrently the longer counts; Persist wins over them.
func (c *Client) Expire(ctx context.Context, key string, end Lifetime, conditions ...ExpireIf) (bool, error) {
	result, err := c.Do(ctx, opExpire([]byte(key), end, conditions))
	if err != nil {
		return false, err
	}
	return result.GetExpire().GetSet(), nil
}

// Persist takes the deadline of a key away, and tells whether there was one.
func (c *Client) Persist(ctx context.Context, key string) (bool, error) {
	result, err := c.Do(ctx, opPersist([]byte(key)))
	if err != nil {
		return false, err
	}
	return result.GetPersist().GetPersisted(), nil
}

// TTL returns how long a key has to live; ends is false if it does not end. Error: ErrNotFound.
func (c *Client) TTL(ctx context.Context, key string) (left time.Duration, ends bool, err error) {
	request := pb.TTLRequest_builder{Key: []byte(key)}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Ttl: request}.Build())
	if err != nil {
		return 0, false, err
	}
	r := result.GetTtl()
	if !r.GetFound() {
		return 0, false, notFound([]byte(key))
	}
	return time.Duration(r.GetLeftMs()) * time.Millisecond, r.GetEnds(), nil
}

func opExpire(key []byte, end Lifetime, conditions []ExpireIf) *pb.Operation {
	q := pb.ExpireRequest_builder{Key: key, Lifetime: end.message}
	q.IfNone, q.IfSome = slices.Contains(conditions, IfNone), slices.Contains(conditions, IfSome)
	q.IfLater, q.IfSooner = slices.Contains(conditions, IfLater), slices.Contains(conditions, IfSooner)
	return pb.Operation_builder{Expire: q.Build()}.Build()
}

func opPersist(key []byte) *pb.Operation {
	return pb.Operation_builder{Persist: pb.PersistRequest_builder{Key: key}.Build()}.Build()
}

// lifetimeOf returns the last of the options, nil if there is none.
func lifetimeOf(end []Lifetime) *pb.Lifetime {
	if len(end) == 0 {
		return nil
	}
	return end[len(end)-1].message
}
