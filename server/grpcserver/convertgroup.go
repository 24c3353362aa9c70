package grpcserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on groups of readers of streams, and of reads from a cursor.

// grouped is a request about a group.
type grouped interface {
	GetKey() []byte
	GetGroup() []byte
}

// groupOf names the group that a request is about. A group may have the empty name.
func groupOf(r grouped) (command.GroupOf, error) {
	g := groupAt(r.GetKey(), r.GetGroup())
	return g, required(r.GetKey(), "key")
}

func groupAt(key, group []byte) command.GroupOf {
	return command.GroupOf{Key: key, Group: group, NoKey: server.Errorf(server.CodeNoKey, "no such key"), NoGroup: server.NoGroup(key, group)}
}

func streamIDsOf(list []*pb.StreamID) (ids []crdt.StreamID, err error) {
	for _, id := range list {
		ids = append(ids, streamIDOf(id))
	}
	if len(ids) == 0 {
		err = server.Errorf(server.CodeInvalid, "ids: required")
	}
	return ids, err
}

func startOf(s *pb.GroupStart) command.GroupStart {
	start := command.GroupStart{ID: streamIDOf(s.GetAfter()), Last: s.GetLast(), Read: crdt.UnknownRead}
	if s.HasRead() {
		start.Read = atMost(s.GetRead())
	}
	return start
}

var convertXCursor = conversion[*pb.XCursorRequest, *pb.XCursorResponse]{
	func(r *pb.XCursorRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.XCursor{Key: r.GetKey(), From: r.GetCursor(), Limit: atMost(r.GetLimit())}
		if len(cmd.From) == 0 {
			cmd.From = []byte(keyspace.FromBegin)
		}
		return waitingFor(cmd, r.GetWaitMs()), required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XCursorResponse {
		return pb.XCursorResponse_builder{Cursor: p.Cursor, Entries: entriesFrom(p.Entries), More: p.Int == 1}.Build()
	},
}

var convertXGroupCreate = conversion[*pb.XGroupCreateRequest, *pb.XGroupCreateResponse]{
	func(r *pb.XGroupCreateRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XGroupCreate{GroupOf: g, At: startOf(r.GetStart()), Make: r.GetMake()}, err
	},
	func(keyspace.Reply) *pb.XGroupCreateResponse { return &pb.XGroupCreateResponse{} },
}

var convertXGroupSetID = conversion[*pb.XGroupSetIDRequest, *pb.XGroupSetIDResponse]{
	func(r *pb.XGroupSetIDRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XGroupSetID{GroupOf: g, At: startOf(r.GetStart())}, err
	},
	func(keyspace.Reply) *pb.XGroupSetIDResponse { return &pb.XGroupSetIDResponse{} },
}

var convertXGroupDestroy = conversion[*pb.XGroupDestroyRequest, *pb.XGroupDestroyResponse]{
	func(r *pb.XGroupDestroyRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XGroupDestroy{GroupOf: g}, err
	},
	func(p keyspace.Reply) *pb.XGroupDestroyResponse {
		return pb.XGroupDestroyResponse_builder{Destroyed: p.Int == 1}.Build()
	},
}

var convertXGroupCreateConsumer = conversion[*pb.XGroupCreateConsumerRequest, *pb.XGroupCreateConsumerResponse]{
	func(r *pb.XGroupCreateConsumerRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XGroupCreateConsumer{GroupOf: g, Consumer: r.GetConsumer()}, err
	},
	func(p keyspace.Reply) *pb.XGroupCreateConsumerResponse {
		return pb.XGroupCreateConsumerResponse_builder{Created: p.Int == 1}.Build()
	},
}

var convertXGroupDelConsumer = conversion[*pb.XGroupDelConsumerRequest, *pb.XGroupDelConsumerResponse]{
	func(r *pb.XGroupDelConsumerRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XGroupDelConsumer{GroupOf: g, Consumer: r.GetConsumer()}, err
	},
	func(p keyspace.Reply) *pb.XGroupDelConsumerResponse {
		return pb.XGroupDelConsumerResponse_builder{Pending: p.Int}.Build()
	},
}

var convertXReadGroup = conversion[*pb.XReadGroupRequest, *pb.XReadGroupResponse]{
	func(r *pb.XReadGroupRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.XReadGroup{Consumer: r.GetConsumer(), Limit: atMost(r.GetLimit()), NoAck: r.GetNoAck()}
		for _, s := range r.GetStreams() {
			place := command.ReadAs{GroupOf: groupAt(s.GetKey(), r.GetGroup()), New: !s.HasHadAfter(), After: streamIDOf(s.GetHadAfter())}
			place.NoKey = nil // as in Redis, that is no group
			cmd.Streams = append(cmd.Streams, place)
		}
		return waitingFor(cmd, r.GetWaitMs()), requiredAll(cmd.Keys(), "streams")
	},
	func(p keyspace.Reply) *pb.XReadGroupResponse {
		return pb.XReadGroupResponse_builder{Streams: partsFrom(p.Replies)}.Build()
	},
}

func partsFrom(list []keyspace.Reply) (parts []*pb.StreamPart) {
	for _, s := range list {
		parts = append(parts, pb.StreamPart_builder{Key: s.Value, Entries: entriesFrom(s.Entries)}.Build())
	}
	return parts
}

var convertXAck = conversion[*pb.XAckRequest, *pb.XAckResponse]{
	func(r *pb.XAckRequest, _ *server.Limits) (keyspace.Command, error) {
		ids, err := streamIDsOf(r.GetIds())
		if err != nil {
			return nil, err
		}
		g, err := groupOf(r)
		return command.XAck{GroupOf: g, IDs: ids}, err
	},
	func(p keyspace.Reply) *pb.XAckResponse { return pb.XAckResponse_builder{Acknowledged: p.Int}.Build() },
}

var convertXPending = conversion[*pb.XPendingRequest, *pb.XPendingResponse]{
	func(r *pb.XPendingRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XPending{GroupOf: g, Limit: -1}, err
	},
	func(p keyspace.Reply) *pb.XPendingResponse {
		r := pb.XPendingResponse_builder{Count: p.Int, Consumers: consumersFrom(p.Consumers, 0)}.Build()
		if len(p.Pending) > 0 {
			r.SetFirst(streamIDFrom(p.Pending[0].ID))
			r.SetLast(streamIDFrom(p.Pending[1].ID))
		}
		return r
	},
}

// consumersFrom tells about consumers at a time in Unix milliseconds; 0 leaves out when they were seen.
func consumersFrom(list []keyspace.ConsumerInfo, now int64) (consumers []*pb.StreamConsumer) {
	for _, c := range list {
		x := pb.StreamConsumer_builder{Name: c.Name, Pending: c.Pending}.Build()
		if now > 0 {
			x.SetIdleMs(uint64(max(0, now-c.Seen)))
		}
		consumers = append(consumers, x)
	}
	return consumers
}

var convertXPendingRange = conversion[*pb.XPendingRangeRequest, *pb.XPendingRangeResponse]{
	func(r *pb.XPendingRangeRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		cmd := command.XPending{GroupOf: g, First: streamIDOf(r.GetFirst()), Last: crdt.MaxStreamID, Limit: all(r.GetLimit()), Idle: atMost(r.GetMinIdleMs())}
		if r.HasLast() {
			cmd.Last = streamIDOf(r.GetLast())
		}
		if r.HasConsumer() {
			cmd.Consumer = append([]byte{}, r.GetConsumer()...)
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.XPendingRangeResponse {
		var list []*pb.PendingStreamEntry
		for _, x := range p.Pending {
			list = append(list, pb.PendingStreamEntry_builder{Id: streamIDFrom(x.ID), Consumer: x.Consumer, IdleMs: uint64(max(0, p.Int-x.Since)), Times: x.Times}.Build())
		}
		return pb.XPendingRangeResponse_builder{Entries: list}.Build()
	},
}

// all is a limit as commands have it that have no other word for all.
func all(limit uint64) int64 {
	if limit == 0 {
		return atMost(^uint64(0))
	}
	return atMost(limit)
}

var convertXClaim = conversion[*pb.XClaimRequest, *pb.XClaimResponse]{
	func(r *pb.XClaimRequest, _ *server.Limits) (keyspace.Command, error) {
		ids, err := streamIDsOf(r.GetIds())
		if err != nil {
			return nil, err
		}
		g, err := groupOf(r)
		cmd := command.XClaim{
			GroupOf: g, Consumer: r.GetConsumer(), MinIdle: atMost(r.GetMinIdleMs()), IDs: ids,
			Idle: -1, Time: -1, Times: -1, Force: r.GetForce(), JustID: r.GetJustId(),
		}
		if r.HasIdleMs() {
			cmd.Idle = atMost(r.GetIdleMs())
		}
		if r.HasTimes() {
			cmd.Times = atMost(r.GetTimes())
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.XClaimResponse {
		return pb.XClaimResponse_builder{Entries: entriesFrom(p.Entries)}.Build()
	},
}

// autoClaimLimit is how many entries are claimed where no limit is given, as in Redis; autoClaimMax bounds a limit.
const (
	autoClaimLimit = 100
	autoClaimMax   = 1 << 20
)

var convertXAutoClaim = conversion[*pb.XAutoClaimRequest, *pb.XAutoClaimResponse]{
	func(r *pb.XAutoClaimRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		cmd := command.XAutoClaim{
			GroupOf: g, Consumer: r.GetConsumer(), MinIdle: atMost(r.GetMinIdleMs()), From: streamIDOf(r.GetFrom()),
			Limit: min(atMost(r.GetLimit()), autoClaimMax), JustID: r.GetJustId(),
		}
		if cmd.Limit == 0 {
			cmd.Limit = autoClaimLimit
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.XAutoClaimResponse {
		r := pb.XAutoClaimResponse_builder{Entries: entriesFrom(p.Entries)}.Build()
		if p.Next != (crdt.StreamID{}) {
			r.SetNext(streamIDFrom(p.Next))
		}
		var gone []*pb.StreamID
		for _, x := range p.Pending {
			gone = append(gone, streamIDFrom(x.ID))
		}
		r.SetGone(gone)
		return r
	},
}

var convertXInfoGroups = conversion[*pb.XInfoGroupsRequest, *pb.XInfoGroupsResponse]{
	func(r *pb.XInfoGroupsRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.XInfoGroups{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XInfoGroupsResponse {
		var list []*pb.StreamGroup
		for _, g := range p.Groups {
			x := pb.StreamGroup_builder{Name: g.Name, Consumers: int64(len(g.Consumers)), Pending: g.Pending, Last: streamIDFrom(g.Last)}.Build()
			if g.Read != crdt.UnknownRead {
				x.SetRead(g.Read)
			}
			if g.LagKnown {
				x.SetLag(g.Lag)
			}
			list = append(list, x)
		}
		return pb.XInfoGroupsResponse_builder{Groups: list}.Build()
	},
}

var convertXInfoConsumers = conversion[*pb.XInfoConsumersRequest, *pb.XInfoConsumersResponse]{
	func(r *pb.XInfoConsumersRequest, _ *server.Limits) (keyspace.Command, error) {
		g, err := groupOf(r)
		return command.XInfoConsumers{GroupOf: g}, err
	},
	func(p keyspace.Reply) *pb.XInfoConsumersResponse {
		return pb.XInfoConsumersResponse_builder{Consumers: consumersFrom(p.Consumers, p.Int)}.Build()
	},
}
