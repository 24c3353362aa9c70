package client

import (
	"context"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Group is a handle to a group of readers of a stream: each entry is given to one consumer, and is pending with it until it
// is acknowledged. The group is there in all regions, and each region delivers by itself: consumers, and what is pending with
// them, are those of the region of the node. An entry is given at least once; nothing is skipped that arrives late. Errors of
// all calls but Create: ErrNotFound if there is no such group, ErrWrongType.
type Group struct {
	s    *Stream
	name []byte
}

// Group returns a handle to a group of the stream. It sends nothing.
func (s *Stream) Group(name string) *Group { return &Group{s, []byte(name)} }

// GroupStart is where a group begins, or goes on. The zero value is the begin of the stream.
type GroupStart struct {
	// After is the id that it follows; FromNow is the last one that the node has seen, in its place.
	After   StreamID
	FromNow bool
	// Read is how many entries there were before, if Known says so.
	Read  uint64
	Known bool
}

func (g GroupStart) message() *pb.GroupStart {
	start := &pb.GroupStart{}
	if g.FromNow {
		start.SetLast(true)
	} else {
		start.SetAfter(g.After.message())
	}
	if g.Known {
		start.SetRead(g.Read)
	}
	return start
}

// Create makes the group, and an empty stream where there is none. Of groups that two regions make at the same time that
// which begins first counts. Errors: ErrGroupExists, ErrWrongType.
func (g *Group) Create(ctx context.Context, at GroupStart) error { return g.create(ctx, at, true) }

// CreateExisting is Create that makes no stream. Errors: ErrNotFound if there is none, ErrGroupExists, ErrWrongType.
func (g *Group) CreateExisting(ctx context.Context, at GroupStart) error {
	return g.create(ctx, at, false)
}

func (g *Group) create(ctx context.Context, at GroupStart, make bool) error {
	request := pb.XGroupCreateRequest_builder{Key: g.s.key, Group: g.name, Start: at.message(), Make: make}.Build()
	_, err := g.s.c.Do(ctx, pb.Operation_builder{Xgroupcreate: request}.Build())
	return err
}

// Move lets the group go on somewhere else, in all regions. What is pending stays.
func (g *Group) Move(ctx context.Context, to GroupStart) error {
	request := pb.XGroupSetIDRequest_builder{Key: g.s.key, Group: g.name, Start: to.message()}.Build()
	_, err := g.s.c.Do(ctx, pb.Operation_builder{Xgroupsetid: request}.Build())
	return err
}

// Destroy deletes the group in all regions, as far as the node has seen it, and tells whether there was one.
func (g *Group) Destroy(ctx context.Context) (bool, error) {
	request := pb.XGroupDestroyRequest_builder{Key: g.s.key, Group: g.name}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xgroupdestroy: request}.Build())
	return result.GetXgroupdestroy().GetDestroyed(), err
}

// CreateConsumer makes a consumer, and tells whether there was none. One that reads is made by that.
func (g *Group) CreateConsumer(ctx context.Context, consumer string) (bool, error) {
	request := pb.XGroupCreateConsumerRequest_builder{Key: g.s.key, Group: g.name, Consumer: []byte(consumer)}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xgroupcreateconsumer: request}.Build())
	return result.GetXgroupcreateconsumer().GetCreated(), err
}

// DeleteConsumer deletes a consumer and gives up what is pending with it: it returns how many entries that were. Claim them
// before.
func (g *Group) DeleteConsumer(ctx context.Context, consumer string) (int64, error) {
	request := pb.XGroupDelConsumerRequest_builder{Key: g.s.key, Group: g.name, Consumer: []byte(consumer)}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xgroupdelconsumer: request}.Build())
	return result.GetXgroupdelconsumer().GetPending(), err
}

// Next gives a consumer entries that its region has not delivered, limit at most; 0 is all. No call gives more than 10,000,
// about 4 MiB. Where there are none it waits: at most for a time, for [ForEver], or not at all if it is 0. Nothing in time is
// no error. Error: ErrUnknown where the end of the context met a delivery; then [Group.Pending] tells.
func (g *Group) Next(ctx context.Context, wait time.Duration, consumer string, limit uint64) ([]Entry, error) {
	parts, err := g.s.c.ReadGroup(ctx, wait, GroupRead{Group: string(g.name), Consumer: consumer, Limit: limit}, string(g.s.key))
	return onlyPart(parts), err
}

// NextDone is Next for entries that need no acknowledgement.
func (g *Group) NextDone(ctx context.Context, wait time.Duration, consumer string, limit uint64) ([]Entry, error) {
	parts, err := g.s.c.ReadGroup(ctx, wait, GroupRead{Group: string(g.name), Consumer: consumer, Limit: limit, Done: true}, string(g.s.key))
	return onlyPart(parts), err
}

func onlyPart(parts []StreamPart) []Entry {
	if len(parts) == 0 {
		return nil
	}
	return parts[0].Entries
}

// Had returns what a consumer has behind an id and has not acknowledged, limit at most; 0 is all. No call gives more than
// 10,000, about 4 MiB: none is the end, else go on behind the last one. Entries without fields are
// no more.
func (g *Group) Had(ctx context.Context, consumer string, after StreamID, limit uint64) ([]Entry, error) {
	place := pb.GroupPlace_builder{Key: g.s.key, HadAfter: after.message()}.Build()
	request := pb.XReadGroupRequest_builder{Group: g.name, Consumer: []byte(consumer), Streams: []*pb.GroupPlace{place}, Limit: limit}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xreadgroup: request}.Build())
	if err != nil {
		return nil, err
	}
	return onlyPart(partsOf(result.GetXreadgroup().GetStreams())), nil
}

// GroupRead says what a consumer is to be given of the streams that have a group.
type GroupRead struct {
	Group, Consumer string
	// Limit is how many of each at most; 0 is all.
	Limit uint64
	// Done: they need no acknowledgement.
	Done bool
}

// ReadGroup is [Group.Next] for several streams. Those without such entries are left out.
func (c *Client) ReadGroup(ctx context.Context, wait time.Duration, r GroupRead, keys ...string) ([]StreamPart, error) {
	request := pb.XReadGroupRequest_builder{Group: []byte(r.Group), Consumer: []byte(r.Consumer), Limit: r.Limit, NoAck: r.Done, WaitMs: waitOf(wait)}
	for _, key := range keys {
		request.Streams = append(request.Streams, pb.GroupPlace_builder{Key: []byte(key)}.Build())
	}
	result, err := c.doWaiting(ctx, wait, pb.Operation_builder{Xreadgroup: request.Build()}.Build())
	if err != nil {
		return nil, err
	}
	return partsOf(result.GetXreadgroup().GetStreams()), nil
}

// Ack takes entries off what is pending, in every region, and returns how many of the ids were.
func (g *Group) Ack(ctx context.Context, ids ...StreamID) (int64, error) {
	request := pb.XAckRequest_builder{Key: g.s.key, Group: g.name, Ids: messagesOf(ids)}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xack: request}.Build())
	return result.GetXack().GetAcknowledged(), err
}

func messagesOf(ids []StreamID) (list []*pb.StreamID) {
	for _, id := range ids {
		list = append(list, id.message())
	}
	return list
}

// PendingSummary is how much is pending, and with whom.
type PendingSummary struct {
	Count int64
	// First and Last are the ids of the first and the last one.
	First, Last StreamID
	// Consumers are those that have some, ascending by name.
	Consumers []Consumer
}

// Consumer is one of the readers of a group.
type Consumer struct {
	Name string
	// Pending is how many entries it has.
	Pending int64
	// Idle is how long ago it was seen; not in a summary.
	Idle time.Duration
}

// PendingSummary sums up what is pending.
func (g *Group) PendingSummary(ctx context.Context) (PendingSummary, error) {
	request := pb.XPendingRequest_builder{Key: g.s.key, Group: g.name}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xpending: request}.Build())
	r := result.GetXpending()
	return PendingSummary{r.GetCount(), streamIDFrom(r.GetFirst()), streamIDFrom(r.GetLast()), consumersFrom(r.GetConsumers())}, err
}

func consumersFrom(list []*pb.StreamConsumer) (consumers []Consumer) {
	for _, c := range list {
		consumers = append(consumers, Consumer{string(c.GetName()), c.GetPending(), millis(c.GetIdleMs())})
	}
	return consumers
}

func millis(n uint64) time.Duration {
	return time.Duration(min(n, uint64(1<<63-1)/uint64(time.Millisecond))) * time.Millisecond
}

// PendingEntry is an entry that a consumer has and that is not acknowledged.
type PendingEntry struct {
	ID       StreamID
	Consumer string
	// Idle is how long ago it was delivered last, and Times how often.
	Idle  time.Duration
	Times int64
}

// PendingRange is what to list of what is pending. The zero value is all of it.
type PendingRange struct {
	First StreamID
	// Last is the last id; zero is the greatest there is.
	Last StreamID
	// Limit is how many at most; 0 is all.
	Limit uint64
	// Idle is for how long they were not delivered at least.
	Idle time.Duration
	// Consumer has them; empty is anyone.
	Consumer string
}

// Pending lists what is pending, by id. Error: ErrTooLarge.
func (g *Group) Pending(ctx context.Context, r PendingRange) ([]PendingEntry, error) {
	request := pb.XPendingRangeRequest_builder{Key: g.s.key, Group: g.name, First: r.First.message(), Limit: r.Limit, MinIdleMs: millisOf(r.Idle)}
	if r.Last != (StreamID{}) {
		request.Last = r.Last.message()
	}
	if r.Consumer != "" {
		request.Consumer = []byte(r.Consumer)
	}
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xpendingrange: request.Build()}.Build())
	if err != nil {
		return nil, err
	}
	var list []PendingEntry
	for _, x := range result.GetXpendingrange().GetEntries() {
		list = append(list, PendingEntry{streamIDFrom(x.GetId()), string(x.GetConsumer()), millis(x.GetIdleMs()), x.GetTimes()})
	}
	return list, nil
}

func millisOf(d time.Duration) uint64 { return uint64(max(0, d.Milliseconds())) }

// Claim gives entries that are pending in the region to a consumer, if they were not delivered for some time at least, and
// returns those that it got.
func (g *Group) Claim(ctx context.Context, consumer string, idle time.Duration, ids ...StreamID) ([]Entry, error) {
	request := pb.XClaimRequest_builder{Key: g.s.key, Group: g.name, Consumer: []byte(consumer), MinIdleMs: millisOf(idle), Ids: messagesOf(ids)}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xclaim: request}.Build())
	return entriesFrom(result.GetXclaim().GetEntries()), err
}

// Claimed is what a consumer got.
type Claimed struct {
	Entries []Entry
	// Gone are those that are no more, and no longer pending.
	Gone []StreamID
	// Next is the id to go on at; zero if there is nothing left.
	Next StreamID
}

// ClaimIdle gives entries that were not delivered for some time to a consumer, from an id on, limit at most; 0 is 100.
// No call claims more than 10,000.
func (g *Group) ClaimIdle(ctx context.Context, consumer string, idle time.Duration, from StreamID, limit uint64) (Claimed, error) {
	request := pb.XAutoClaimRequest_builder{Key: g.s.key, Group: g.name, Consumer: []byte(consumer), MinIdleMs: millisOf(idle), From: from.message(), Limit: limit}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xautoclaim: request}.Build())
	r := result.GetXautoclaim()
	claimed := Claimed{Entries: entriesFrom(r.GetEntries()), Next: streamIDFrom(r.GetNext())}
	for _, id := range r.GetGone() {
		claimed.Gone = append(claimed.Gone, streamIDFrom(id))
	}
	return claimed, err
}

// Consumers returns the consumers of the group in the region, ascending by name.
func (g *Group) Consumers(ctx context.Context) ([]Consumer, error) {
	request := pb.XInfoConsumersRequest_builder{Key: g.s.key, Group: g.name}.Build()
	result, err := g.s.c.Do(ctx, pb.Operation_builder{Xinfoconsumers: request}.Build())
	return consumersFrom(result.GetXinfoconsumers().GetConsumers()), err
}

// GroupInfo tells about a group.
type GroupInfo struct {
	Name string
	// Consumers and Pending count those of the region.
	Consumers, Pending int64
	// Last is up to where the region has delivered, but for what came late.
	Last StreamID
	// Read is how many entries were read, and Lag how many were not; -1 where that is not known.
	Read, Lag int64
}

// Groups tells about the groups of the stream, ascending by name. Errors: ErrNotFound if there is no stream, ErrWrongType.
func (s *Stream) Groups(ctx context.Context) ([]GroupInfo, error) {
	result, err := s.c.Do(ctx, pb.Operation_builder{Xinfogroups: pb.XInfoGroupsRequest_builder{Key: s.key}.Build()}.Build())
	if err != nil {
		return nil, err
	}
	var list []GroupInfo
	for _, g := range result.GetXinfogroups().GetGroups() {
		info := GroupInfo{string(g.GetName()), g.GetConsumers(), g.GetPending(), streamIDFrom(g.GetLast()), -1, -1}
		if g.HasRead() {
			info.Read = g.GetRead()
		}
		if g.HasLag() {
			info.Lag = g.GetLag()
		}
		list = append(list, info)
	}
	return list, nil
}
