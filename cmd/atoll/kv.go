package main

import (
	"context"
	"math"
	"strconv"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// stringCommands are strings and the counters that live in them.
func stringCommands() []*command {
	return []*command{
		{name: "set", args: "KEY VALUE", min: 2, max: 2, group: groupStrings, inTxn: true, writes: true,
			summary: "write a string; it replaces what this node has seen under the key", example: `set user:1 "Ada Lovelace"`,
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Set: pb.SetRequest_builder{Key: a[0], Value: a[1]}.Build()}.Build(), nil
			},
			answer: func(*pb.Result) reply { return okReply{} }},
		{name: "get", args: "KEY", min: 1, max: 1, group: groupStrings, inTxn: true,
			summary: "read a string or a counter", example: "get user:1",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Get: pb.GetRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				if !r.GetGet().GetFound() {
					return nilReply{}
				}
				return bytesReply(r.GetGet().GetValue())
			}},
		{name: "incr", args: "KEY [N]", min: 1, max: 2, group: groupStrings, inTxn: true, writes: true,
			summary: "add 1 or N to a counter; concurrent increments of all regions add up", example: "incr visits 10",
			op: incrBy(1), answer: incrAnswer},
		{name: "decr", args: "KEY [N]", min: 1, max: 2, group: groupStrings, inTxn: true, writes: true,
			summary: "take 1 or N from a counter", example: "decr visits 10",
			op: incrBy(-1), answer: incrAnswer},
		{name: "reset", args: "KEY", min: 1, max: 1, group: groupStrings, inTxn: true, writes: true,
			summary: "set a counter back by what this node has seen; unseen increments survive", example: "reset visits",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{ResetCounter: pb.ResetCounterRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetResetCounter().GetValue()) }},
	}
}

func incrBy(sign int64) func([][]byte) (*pb.Operation, error) {
	return func(a [][]byte) (*pb.Operation, error) {
		n := int64(1)
		if len(a) == 2 {
			var err error
			if n, err = strconv.ParseInt(string(a[1]), 10, 64); err != nil || n == math.MinInt64 && sign < 0 {
				return nil, usagef("%q is not a whole number of 64 bits", clip(string(a[1])))
			}
		}
		return pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: a[0], Delta: sign * n}.Build()}.Build(), nil
	}
}

func incrAnswer(r *pb.Result) reply { return intReply(r.GetIncr().GetValue()) }

// setCommands are sets.
func setCommands() []*command {
	return []*command{
		{name: "sadd", args: "KEY MEMBER…", min: 2, max: -1, group: groupSets, inTxn: true, writes: true,
			summary: "add members to a set; an addition survives a concurrent removal", example: "sadd tags red green",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Sadd: pb.SAddRequest_builder{Key: a[0], Members: a[1:]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetSadd().GetAdded()) }},
		{name: "srem", args: "KEY MEMBER…", min: 2, max: -1, group: groupSets, inTxn: true, writes: true,
			summary: "remove members from a set", example: "srem tags red",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Srem: pb.SRemRequest_builder{Key: a[0], Members: a[1:]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetSrem().GetRemoved()) }},
		{name: "smembers", args: "KEY", min: 1, max: 1, group: groupSets,
			summary: "list the members of a set, in byte order", example: "smembers tags", run: runMembers},
		{name: "scard", args: "KEY", min: 1, max: 1, group: groupSets, inTxn: true,
			summary: "count the members of a set", example: "scard tags",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Scard: pb.SCardRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetScard().GetCount()) }},
		{name: "sismember", args: "KEY MEMBER", min: 2, max: 2, group: groupSets, inTxn: true,
			summary: "tell whether a set has a member: 1 or 0", example: "sismember tags red",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Sismember: pb.SIsMemberRequest_builder{Key: a[0], Member: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				if r.GetSismember().GetMember() {
					return intReply(1)
				}
				return intReply(0)
			}},
	}
}

// keyCommands work on keys of any type.
func keyCommands() []*command {
	return []*command{
		{name: "del", args: "KEY…", min: 1, max: -1, group: groupKeys, inTxn: true, writes: true,
			summary: "delete keys; a concurrent write that this node has not seen survives", example: "del user:1 user:2",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Delete: pb.DeleteRequest_builder{Keys: a}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetDelete().GetDeleted()) }},
		{name: "rename", args: "KEY NAME", min: 2, max: 2, group: groupKeys, inTxn: true, writes: true,
			summary: "give a key another name; what other regions write under the old one stays there", example: "rename user:1 user:7",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Rename: pb.RenameRequest_builder{Key: a[0], To: a[1]}.Build()}.Build(), nil
			},
			answer: func(*pb.Result) reply { return okReply{} }},
		{name: "renamenx", args: "KEY NAME", min: 2, max: 2, group: groupKeys, inTxn: true, writes: true,
			summary: "rename where the node sees nothing under the new name: 1, or 0", example: "renamenx user:1 user:7",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Rename: pb.RenameRequest_builder{Key: a[0], To: a[1], IfFree: true}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return yesReply(r.GetRename().GetRenamed()) }},
		{name: "copy", args: "KEY NAME", min: 2, max: 2, group: groupKeys, inTxn: true, writes: true,
			summary: "copy what a key holds where the node sees nothing: 1, or 0", example: "copy user:1 user:7",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Copy: pb.CopyRequest_builder{Key: a[0], To: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return yesReply(r.GetCopy().GetCopied()) }},
		{name: "exists", args: "KEY…", min: 1, max: -1, group: groupKeys, inTxn: true,
			summary: "count how many of the keys exist", example: "exists user:1 user:2",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Exists: pb.ExistsRequest_builder{Keys: a}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetExists().GetCount()) }},
		{name: "scan", args: "[PREFIX]", max: 1, group: groupKeys,
			summary: "list the keys that begin with a prefix", example: "scan user:", run: runScan},
		{name: "keys", args: "PATTERN", min: 1, max: 1, group: groupKeys,
			summary: "list the keys that match a pattern: * any bytes, ? any one, [a-c] one of some", example: "keys user:*", run: runKeys},
		{name: "flushdb", args: "[--yes]", max: 1, group: groupKeys, writes: true,
			summary: "delete all keys of the namespace, in every region: those that this node sees", example: "flushdb --yes", run: runFlush,
			flags: []flagHelp{{"--yes", "what is deleted is gone everywhere"}}},
		{name: "siblings", args: "KEY", min: 1, max: 1, group: groupKeys,
			summary: "list the concurrent values of a key with time and region; the shown one first", example: "siblings user:1", run: runSiblings},
		{name: "txn", args: "", group: groupKeys,
			summary: "run the commands on the following lines, up to exec or an empty line, as one update: all or none",
			example: "printf 'incr from -5\\nincr to 5\\n' | atoll txn", run: runTxn},
		{name: "ping", group: groupCluster, summary: "ask whether the node answers, and how fast", example: "ping", run: runPing},
		{name: "wait", args: "REGIONS [MILLISECONDS]", min: 1, max: 2, group: groupCluster,
			summary: "wait until so many other regions hold durably what the node has written, or for some time, 1000 ms without it: how many do", example: "wait 1 500", run: runWait},
		{name: "token", group: groupCluster, summary: "print a token of all that the node has shown up to now", example: "token", run: runToken},
		{name: "after", args: "TOKEN", min: 1, max: 1, group: groupCluster,
			summary: "wait, a second at most, until the node has all that a token covers; then it reads no less", example: "after AQEAAfOU…", run: runAfter},
	}
}

func runMembers(ctx context.Context, s *session, args []string) reply {
	return s.pages(ctx, func(cursor []byte) (*pb.Operation, func(*pb.Result) ([][]byte, []byte)) {
		op := pb.Operation_builder{Smembers: pb.SMembersRequest_builder{Key: []byte(args[0]), Cursor: cursor}.Build()}.Build()
		return op, func(r *pb.Result) ([][]byte, []byte) {
			return r.GetSmembers().GetMembers(), r.GetSmembers().GetCursor()
		}
	})
}

func runScan(ctx context.Context, s *session, args []string) reply {
	request := pb.ScanRequest_builder{}
	if len(args) == 1 {
		request.Prefix = []byte(args[0])
	}
	return s.scan(ctx, request)
}

func runKeys(ctx context.Context, s *session, args []string) reply {
	if args[0] == "" {
		return errReply{usagef("an empty pattern matches no key")}
	}
	return s.scan(ctx, pb.ScanRequest_builder{Pattern: []byte(args[0])})
}

func (s *session) scan(ctx context.Context, request pb.ScanRequest_builder) reply {
	return s.pages(ctx, func(cursor []byte) (*pb.Operation, func(*pb.Result) ([][]byte, []byte)) {
		request.Cursor = cursor
		op := pb.Operation_builder{Scan: request.Build()}.Build()
		return op, func(r *pb.Result) ([][]byte, []byte) { return r.GetScan().GetKeys(), r.GetScan().GetCursor() }
	})
}

// runFlush deletes all keys. It takes as long as they are many, so the time for one command does not bound it.
func runFlush(ctx context.Context, s *session, args []string) reply {
	if len(args) == 0 || args[0] != "--yes" {
		return errReply{usagef("flushdb deletes all keys of the namespace, in every region").hint("to do that: flushdb --yes")}
	}
	if _, f := s.connect(ctx); f != nil {
		return errReply{f}
	}
	n, err := s.here().DeleteAll(ctx)
	if err != nil {
		return errReply{explain(err)}
	}
	return intReply(n)
}

// runWait may take longer than one command: its own time bounds it.
func runWait(ctx context.Context, s *session, args []string) reply {
	numbers := []uint64{0, 1000}
	for i, arg := range args {
		n, err := strconv.ParseUint(arg, 10, 31)
		if err != nil {
			return errReply{usagef("%q is not a whole number of 31 bits", clip(arg))}
		}
		numbers[i] = n
	}
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	n, err := node.Wait(ctx, int(numbers[0]), time.Duration(numbers[1])*time.Millisecond)
	if err != nil {
		return errReply{explain(err)}
	}
	return intReply(n)
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
