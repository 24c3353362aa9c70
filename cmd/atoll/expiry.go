package main

import (
	"strconv"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// expiryCommands are about the end of keys.
func expiryCommands() []*command {
	return []*command{
		{name: "setex", args: "KEY SECONDS VALUE", min: 3, max: 3, group: groupStrings, inTxn: true, writes: true,
			summary: "write a string that ends after some seconds, in every region at once", example: "setex session:1 3600 token",
			op: setexOp, answer: func(*pb.Result) reply { return okReply{} }},
		{name: "expire", args: "KEY SECONDS", min: 2, max: 2, group: groupKeys, inTxn: true, writes: true,
			summary: "let a key end after some seconds; of concurrent deadlines the longer counts", example: "expire session:1 3600",
			op: expireOp, answer: func(r *pb.Result) reply { return yesReply(r.GetExpire().GetSet()) }},
		{name: "persist", args: "KEY", min: 1, max: 1, group: groupKeys, inTxn: true, writes: true,
			summary: "take the deadline of a key away; it wins over concurrent ones", example: "persist session:1",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Persist: pb.PersistRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return yesReply(r.GetPersist().GetPersisted()) }},
		{name: "ttl", args: "KEY", min: 1, max: 1, group: groupKeys, inTxn: true,
			summary: "tell the seconds that a key has left; -1 if it does not end, -2 if there is none", example: "ttl session:1",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Ttl: pb.TTLRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return ttlReply(r.GetTtl()) }},
	}
}

func setexOp(a [][]byte) (*pb.Operation, error) {
	life, err := lifetime(a[1])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Set: pb.SetRequest_builder{Key: a[0], Value: a[2], Lifetime: life}.Build()}.Build(), nil
}

func expireOp(a [][]byte) (*pb.Operation, error) {
	life, err := lifetime(a[1])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Expire: pb.ExpireRequest_builder{Key: a[0], Lifetime: life}.Build()}.Build(), nil
}

// secondsMax is the longest time that milliseconds of 64 bits hold.
const secondsMax = 1<<63/1000 - 1

// lifetime reads seconds from now.
func lifetime(arg []byte) (*pb.Lifetime, error) {
	n, err := strconv.ParseInt(string(arg), 10, 64)
	if err != nil || n > secondsMax || n < -secondsMax {
		return nil, usagef("%q is not a whole number of seconds", clip(string(arg)))
	}
	ms := n * 1000
	return pb.Lifetime_builder{InMs: &ms}.Build(), nil
}

func ttlReply(r *pb.TTLResponse) reply {
	switch {
	case !r.GetFound():
		return intReply(-2)
	case !r.GetEnds():
		return intReply(-1)
	default:
		return intReply((r.GetLeftMs() + 500) / 1000)
	}
}
