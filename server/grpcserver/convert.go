package grpcserver

import (
	"math"

	"github.com/atollkv/atoll/internal/glob"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// conversion turns the request of one operation into a command and its reply into a
// response. Key presence is checked here: an absent key and an empty one look the same
// in proto3, so neither is accepted.
type conversion[Q, R any] struct {
	command  func(Q, *server.Limits) (keyspace.Command, error)
	response func(keyspace.Reply) R
}

func required(key []byte, field string) error {
	if len(key) == 0 {
		return server.Errorf(server.CodeInvalid, "%s: required", field)
	}
	return nil
}

func requiredAll(keys [][]byte, field string) error {
	if len(keys) == 0 {
		return server.Errorf(server.CodeInvalid, "%s: required", field)
	}
	for i, key := range keys {
		if len(key) == 0 {
			return server.Errorf(server.CodeInvalid, "%s[%d]: required", field, i)
		}
	}
	return nil
}

// pageOf returns the page size for a requested one.
func pageOf(limit uint32, l *server.Limits) int {
	if limit == 0 || uint64(limit) > uint64(min(l.Page, math.MaxInt32)) {
		return l.Page
	}
	return int(limit)
}

var convertGet = conversion[*pb.GetRequest, *pb.GetResponse]{
	func(r *pb.GetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Get{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.GetResponse {
		return pb.GetResponse_builder{Found: p.Found, Value: p.Value}.Build()
	},
}

var convertSet = conversion[*pb.SetRequest, *pb.SetResponse]{
	func(r *pb.SetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Set{Key: r.GetKey(), Value: r.GetValue(), Life: lifetimeOf(r.GetLifetime())}, required(r.GetKey(), "key")
	},
	func(keyspace.Reply) *pb.SetResponse { return &pb.SetResponse{} },
}

var convertDelete = conversion[*pb.DeleteRequest, *pb.DeleteResponse]{
	func(r *pb.DeleteRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Delete{List: r.GetKeys()}, requiredAll(r.GetKeys(), "keys")
	},
	func(p keyspace.Reply) *pb.DeleteResponse {
		return pb.DeleteResponse_builder{Deleted: p.Int}.Build()
	},
}

var convertIncr = conversion[*pb.IncrRequest, *pb.IncrResponse]{
	func(r *pb.IncrRequest, _ *server.Limits) (keyspace.Command, error) {
		if err := required(r.GetKey(), "key"); err != nil {
			return nil, err
		}
		return once(r, command.Incr{Key: r.GetKey(), Delta: r.GetDelta()})
	},
	func(p keyspace.Reply) *pb.IncrResponse { return pb.IncrResponse_builder{Value: p.Int}.Build() },
}

var convertResetCounter = conversion[*pb.ResetCounterRequest, *pb.ResetCounterResponse]{
	func(r *pb.ResetCounterRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ResetCounter{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ResetCounterResponse {
		return pb.ResetCounterResponse_builder{Value: p.Int}.Build()
	},
}

var convertSAdd = conversion[*pb.SAddRequest, *pb.SAddResponse]{
	func(r *pb.SAddRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.SAdd{Key: r.GetKey(), Members: r.GetMembers()}, keyAndMembers(r.GetKey(), r.GetMembers())
	},
	func(p keyspace.Reply) *pb.SAddResponse { return pb.SAddResponse_builder{Added: p.Int}.Build() },
}

var convertSRem = conversion[*pb.SRemRequest, *pb.SRemResponse]{
	func(r *pb.SRemRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.SRem{Key: r.GetKey(), Members: r.GetMembers()}, keyAndMembers(r.GetKey(), r.GetMembers())
	},
	func(p keyspace.Reply) *pb.SRemResponse { return pb.SRemResponse_builder{Removed: p.Int}.Build() },
}

// keyAndMembers lets empty members in: the empty string is a member like any other, and
// its place in the list shows that it is there.
func keyAndMembers(key []byte, members [][]byte) error {
	if err := required(key, "key"); err != nil {
		return err
	}
	if len(members) == 0 {
		return server.Errorf(server.CodeInvalid, "members: required")
	}
	return nil
}

var convertSMembers = conversion[*pb.SMembersRequest, *pb.SMembersResponse]{
	func(r *pb.SMembersRequest, l *server.Limits) (keyspace.Command, error) {
		return command.SMembers{Key: r.GetKey(), Limit: pageOf(r.GetLimit(), l), Cursor: r.GetCursor()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.SMembersResponse {
		return pb.SMembersResponse_builder{Members: p.List, Cursor: p.Cursor}.Build()
	},
}

var convertSIsMember = conversion[*pb.SIsMemberRequest, *pb.SIsMemberResponse]{
	func(r *pb.SIsMemberRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.SIsMember{Key: r.GetKey(), Member: r.GetMember()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.SIsMemberResponse {
		return pb.SIsMemberResponse_builder{Member: p.Found}.Build()
	},
}

var convertSCard = conversion[*pb.SCardRequest, *pb.SCardResponse]{
	func(r *pb.SCardRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.SCard{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.SCardResponse { return pb.SCardResponse_builder{Count: p.Int}.Build() },
}

var convertRename = conversion[*pb.RenameRequest, *pb.RenameResponse]{
	func(r *pb.RenameRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Rename{From: r.GetKey(), To: r.GetTo(), NX: r.GetIfFree()}, requiredBoth(r.GetKey(), r.GetTo())
	},
	func(p keyspace.Reply) *pb.RenameResponse { return pb.RenameResponse_builder{Renamed: p.Found}.Build() },
}

var convertCopy = conversion[*pb.CopyRequest, *pb.CopyResponse]{
	func(r *pb.CopyRequest, _ *server.Limits) (keyspace.Command, error) {
		err := requiredBoth(r.GetKey(), r.GetTo())
		if err == nil && string(r.GetKey()) == string(r.GetTo()) {
			err = server.Errorf(server.CodeInvalid, "to: the key itself")
		}
		return command.Copy{From: r.GetKey(), To: r.GetTo(), Replace: r.GetReplace()}, err
	},
	func(p keyspace.Reply) *pb.CopyResponse { return pb.CopyResponse_builder{Copied: p.Found}.Build() },
}

func requiredBoth(key, to []byte) error {
	if err := required(key, "key"); err != nil {
		return err
	}
	return required(to, "to")
}

var convertExists = conversion[*pb.ExistsRequest, *pb.ExistsResponse]{
	func(r *pb.ExistsRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Exists{List: r.GetKeys()}, requiredAll(r.GetKeys(), "keys")
	},
	func(p keyspace.Reply) *pb.ExistsResponse { return pb.ExistsResponse_builder{Count: p.Int}.Build() },
}

// patternBytes bounds a pattern.
const patternBytes = 1024

var convertScan = conversion[*pb.ScanRequest, *pb.ScanResponse]{
	func(r *pb.ScanRequest, l *server.Limits) (keyspace.Command, error) {
		cmd := command.Scan{Prefix: r.GetPrefix(), Limit: pageOf(r.GetLimit(), l), Cursor: r.GetCursor(), Pattern: r.GetPattern()}
		switch n := len(cmd.Pattern); {
		case n > patternBytes:
			return nil, server.Errorf(server.CodeTooLarge, "%d pattern bytes, limit %d", n, patternBytes)
		case n > 0 && len(cmd.Prefix) > 0:
			return nil, server.Errorf(server.CodeInvalid, "pattern: not beside a prefix")
		case n > 0:
			cmd.Prefix = glob.Prefix(cmd.Pattern)
		}
		return cmd, nil
	},
	func(p keyspace.Reply) *pb.ScanResponse {
		return pb.ScanResponse_builder{Keys: p.List, Cursor: p.Cursor}.Build()
	},
}

var convertSiblings = conversion[*pb.SiblingsRequest, *pb.SiblingsResponse]{
	func(r *pb.SiblingsRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Siblings{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.SiblingsResponse {
		list := make([]*pb.Sibling, len(p.Siblings))
		for i, s := range p.Siblings {
			list[i] = pb.Sibling_builder{
				Type: s.Type, Value: s.Value, Stamp: uint64(s.Stamp.Time), Origin: uint64(s.Dot.Origin), Seq: uint64(s.Dot.Seq),
				Region: s.Region, Node: s.Node, Shown: s.Shown,
			}.Build()
		}
		return pb.SiblingsResponse_builder{Siblings: list}.Build()
	},
}
