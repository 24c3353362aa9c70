package main

import (
	"fmt"
	"strconv"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// boundedCommands are counters that never go below a bound, in any region.
func boundedCommands() []*command {
	return []*command{
		{name: "bcreate", args: "KEY BOUND VALUE", min: 3, max: 3, group: groupBounded, inTxn: true, writes: true,
			summary: "create a counter that never goes below BOUND, in any region", example: "bcreate stock 0 1000",
			op: bcreateOp, answer: func(*pb.Result) reply { return okReply{} }},
		{name: "bget", args: "KEY", min: 1, max: 1, group: groupBounded, inTxn: true,
			summary: "read a bounded counter", example: "bget stock",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Bget: pb.BGetRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				if !r.GetBget().GetFound() {
					return nilReply{}
				}
				return intReply(r.GetBget().GetValue())
			}},
		{name: "bincrby", args: "KEY N", min: 2, max: 2, group: groupBounded, inTxn: true, writes: true,
			summary: "add N, 1 or more; this node gets the rights to it", example: "bincrby stock 10",
			op: func(a [][]byte) (*pb.Operation, error) {
				n, err := amount(a[1])
				return pb.Operation_builder{Bincr: pb.BIncrRequest_builder{Key: a[0], Amount: n}.Build()}.Build(), err
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetBincr().GetValue()) }},
		{name: "bdecrby", args: "KEY N", min: 2, max: 2, group: groupBounded, inTxn: true, writes: true,
			summary: "take N, 1 or more, if this node holds the rights; else others are asked for some: try again", example: "bdecrby stock 1",
			op: func(a [][]byte) (*pb.Operation, error) {
				n, err := amount(a[1])
				return pb.Operation_builder{Bdecr: pb.BDecrRequest_builder{Key: a[0], Amount: n}.Build()}.Build(), err
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetBdecr().GetValue()) }},
		{name: "bgrant", args: "KEY REGION N", min: 3, max: 3, group: groupBounded, inTxn: true, writes: true,
			summary: "move rights to N from this node to the one of a region that wrote last", example: "bgrant stock eu 100",
			op: func(a [][]byte) (*pb.Operation, error) {
				n, err := amount(a[2])
				return pb.Operation_builder{Bgrant: pb.BGrantRequest_builder{Key: a[0], Region: string(a[1]), Amount: n}.Build()}.Build(), err
			},
			answer: func(*pb.Result) reply { return okReply{} }},
		{name: "brights", args: "KEY", min: 1, max: 1, group: groupBounded,
			summary: "list who may take how much; a node that was restarted has a new origin", example: "brights stock",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Brights: pb.BRightsRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: rightsReply},
		{name: "breclaim", args: "KEY", min: 1, max: 1, group: groupBounded, writes: true,
			summary: "take over what earlier runs of this node have left; never after its data directory was replaced by an older copy", example: "breclaim stock",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Breclaim: pb.BReclaimRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetBreclaim().GetRights()) }},
	}
}

func amount(text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, usagef("%q is not a whole number of 64 bits", clip(string(text)))
	}
	return n, nil
}

func bcreateOp(a [][]byte) (*pb.Operation, error) {
	bound, err := amount(a[1])
	if err != nil {
		return nil, err
	}
	value, err := amount(a[2])
	return pb.Operation_builder{Bcreate: pb.BCreateRequest_builder{Key: a[0], Bound: bound, Value: value}.Build()}.Build(), err
}

func rightsReply(r *pb.Result) reply {
	if !r.GetBrights().GetFound() {
		return nilReply{}
	}
	var list repliesReply
	for _, a := range r.GetBrights().GetAccounts() {
		list = append(list, bytesReply(fmt.Sprintf("%s/%s %016x %d", a.GetRegion(), a.GetNode(), a.GetOrigin(), a.GetRights())))
	}
	return list
}
