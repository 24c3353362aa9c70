package grpcserver

import (
	"math"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on streams.

func streamIDOf(id *pb.StreamID) crdt.StreamID {
	return crdt.StreamID{Ms: id.GetMs(), Seq: id.GetSeq()}
}

func streamIDFrom(id crdt.StreamID) *pb.StreamID {
	return pb.StreamID_builder{Ms: id.Ms, Seq: id.Seq}.Build()
}

// atMost is a limit as commands have it.
func atMost(limit uint64) int64 { return int64(min(limit, math.MaxInt64)) }

func entryFrom(e keyspace.Entry) *pb.StreamEntry {
	var fields []*pb.FieldValue
	for i := 0; i+1 < len(e.Fields); i += 2 {
		fields = append(fields, pb.FieldValue_builder{Field: e.Fields[i], Value: e.Fields[i+1]}.Build())
	}
	return pb.StreamEntry_builder{Id: streamIDFrom(e.ID), Fields: fields}.Build()
}

func entriesFrom(list []keyspace.Entry) (entries []*pb.StreamEntry) {
	for _, e := range list {
		entries = append(entries, entryFrom(e))
	}
	return entries
}

// trimOf reads how to trim; without by nothing is.
func trimOf(t *pb.StreamTrim) (command.Trim, error) {
	trim := command.Trim{About: t.GetAbout(), Limit: atMost(t.GetLimit())}
	switch t.WhichBy() {
	case pb.StreamTrim_MaxLen_case:
		trim.By, trim.MaxLen = command.ByLength, atMost(t.GetMaxLen())
	case pb.StreamTrim_MinId_case:
		trim.By, trim.MinID = command.ByID, streamIDOf(t.GetMinId())
	}
	if trim.Limit > 0 && !trim.About {
		return trim, server.Errorf(server.CodeInvalid, "trim.limit: only with about")
	}
	return trim, nil
}

var convertXAdd = conversion[*pb.XAddRequest, *pb.XAddResponse]{
	func(r *pb.XAddRequest, l *server.Limits) (keyspace.Command, error) {
		cmd := command.XAdd{Key: r.GetKey(), Existing: r.GetExisting()}
		switch r.WhichId() {
		case pb.XAddRequest_Whole_case:
			cmd.ID, cmd.Has = streamIDOf(r.GetWhole()), command.WholeID
		case pb.XAddRequest_Ms_case:
			cmd.ID.Ms, cmd.Has = r.GetMs(), command.IDTime
		}
		for _, f := range r.GetFields() {
			cmd.Fields = append(cmd.Fields, f.GetField(), f.GetValue())
		}
		var err error
		if cmd.Trim, err = trimOf(r.GetTrim()); err != nil {
			return nil, err
		}
		if err := required(r.GetKey(), "key"); err != nil {
			return nil, err
		}
		if len(cmd.Fields) == 0 {
			return nil, server.Errorf(server.CodeInvalid, "fields: required")
		}
		return cmd, nil
	},
	func(p keyspace.Reply) *pb.XAddResponse {
		if !p.Found {
			return &pb.XAddResponse{}
		}
		return pb.XAddResponse_builder{Added: true, Id: streamIDFrom(p.Entries[0].ID)}.Build()
	},
}

var convertXRange = conversion[*pb.XRangeRequest, *pb.XRangeResponse]{
	func(r *pb.XRangeRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.XRange{Key: r.GetKey(), First: streamIDOf(r.GetFirst()), Last: crdt.MaxStreamID, Reverse: r.GetReverse(), Limit: atMost(r.GetLimit())}
		if r.HasLast() {
			cmd.Last = streamIDOf(r.GetLast())
		}
		return cmd, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XRangeResponse {
		return pb.XRangeResponse_builder{Entries: entriesFrom(p.Entries)}.Build()
	},
}

var convertXLen = conversion[*pb.XLenRequest, *pb.XLenResponse]{
	func(r *pb.XLenRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.XLen{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XLenResponse { return pb.XLenResponse_builder{Length: p.Int}.Build() },
}

var convertXDel = conversion[*pb.XDelRequest, *pb.XDelResponse]{
	func(r *pb.XDelRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.XDel{Key: r.GetKey()}
		for _, id := range r.GetIds() {
			cmd.IDs = append(cmd.IDs, streamIDOf(id))
		}
		if len(cmd.IDs) == 0 {
			return nil, server.Errorf(server.CodeInvalid, "ids: required")
		}
		return cmd, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XDelResponse { return pb.XDelResponse_builder{Deleted: p.Int}.Build() },
}

var convertXTrim = conversion[*pb.XTrimRequest, *pb.XTrimResponse]{
	func(r *pb.XTrimRequest, _ *server.Limits) (keyspace.Command, error) {
		trim, err := trimOf(r.GetTrim())
		if err == nil && trim.By == command.NoTrim {
			err = server.Errorf(server.CodeInvalid, "trim: required")
		}
		if err == nil {
			err = required(r.GetKey(), "key")
		}
		return command.XTrim{Key: r.GetKey(), Trim: trim}, err
	},
	func(p keyspace.Reply) *pb.XTrimResponse { return pb.XTrimResponse_builder{Deleted: p.Int}.Build() },
}

var convertXRead = conversion[*pb.XReadRequest, *pb.XReadResponse]{
	func(r *pb.XReadRequest, l *server.Limits) (keyspace.Command, error) {
		cmd, keys := command.XRead{Limit: atMost(r.GetLimit())}, [][]byte(nil)
		for _, s := range r.GetStreams() {
			keys = append(keys, s.GetKey())
			cmd.Streams = append(cmd.Streams, command.ReadFrom{Key: s.GetKey(), After: streamIDOf(s.GetAfter()), Last: s.GetFromNow()})
		}
		return waitingFor(cmd, r.GetWaitMs()), requiredAll(keys, "streams")
	},
	func(p keyspace.Reply) *pb.XReadResponse {
		return pb.XReadResponse_builder{Streams: partsFrom(p.Replies)}.Build()
	},
}

var convertXSetID = conversion[*pb.XSetIDRequest, *pb.XSetIDResponse]{
	func(r *pb.XSetIDRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.XSetID{Key: r.GetKey(), Last: streamIDOf(r.GetLast()), Added: -1, Deleted: streamIDOf(r.GetDeleted())}
		if r.HasAdded() {
			cmd.Added = atMost(r.GetAdded())
		}
		switch {
		case !r.HasLast():
			return nil, server.Errorf(server.CodeInvalid, "last: required")
		case cmd.Last.Compare(cmd.Deleted) < 0:
			return nil, server.Errorf(server.CodeInvalid, "last: less than deleted")
		}
		return cmd, required(r.GetKey(), "key")
	},
	func(keyspace.Reply) *pb.XSetIDResponse { return &pb.XSetIDResponse{} },
}

var convertXInfo = conversion[*pb.XInfoRequest, *pb.XInfoResponse]{
	func(r *pb.XInfoRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.XInfoStream{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.XInfoResponse {
		info := pb.XInfoResponse_builder{
			Length: p.Stream.Length, Last: streamIDFrom(p.Stream.Last), Added: p.Stream.Added(), Deleted: streamIDFrom(p.Stream.Deleted),
		}.Build()
		if n := len(p.Entries); n > 0 {
			info.SetFirstEntry(entryFrom(p.Entries[0]))
			info.SetLastEntry(entryFrom(p.Entries[n-1]))
		}
		return info
	},
}
