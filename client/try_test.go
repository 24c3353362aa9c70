package client

import (
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// TestOnlyReadsAreRepeated: what may have been carried out when a connection is lost is
// repeated only if it changes nothing.
func TestOnlyReadsAreRepeated(t *testing.T) {
	reads := map[string]bool{
		"get": true, "exists": true, "scan": true, "siblings": true, "ping": true, "sismember": true, "scard": true, "smembers": true,
		"hget": true, "hmget": true, "hgetall": true, "hkeys": true, "hvals": true, "hlen": true, "hexists": true, "hstrlen": true,
		"zscore": true, "zcard": true, "zrange": true, "zrange_by_score": true, "zrank": true,
		"lrange": true, "llen": true, "lindex": true, "lpos": true,
		"ttl": true, "bget": true, "brights": true, "pfcount": true, "getbit": true, "bitcount": true, "bitpos": true, "geopos": true, "geodist": true, "geosearch": true,
		"xrange": true, "xlen": true, "xread": true, "xinfo": true, "xcursor": true, "xpending": true, "xpendingrange": true, "xinfogroups": true, "xinfoconsumers": true,
		"types": true, "dbsize": true, "random_key": true, "namespaces": true, "wait": true,
		"bitfield": true, // without a step that writes
	}
	kinds := (&pb.Operation{}).ProtoReflect().Descriptor().Oneofs().ByName("op").Fields()
	for i := range kinds.Len() {
		kind := kinds.Get(i)
		if kind.Name() == "txn" {
			continue // as what is in it
		}
		op := &pb.Operation{}
		op.ProtoReflect().Mutable(kind)
		if writes(op) == reads[string(kind.Name())] {
			t.Errorf("%s: writes is %v", kind.Name(), writes(op))
		}
		inside := pb.Operation_builder{Txn: pb.TxnRequest_builder{Operations: []*pb.Operation{op}}.Build()}.Build()
		if writes(inside) != writes(op) {
			t.Errorf("%s in a transaction: writes is %v", kind.Name(), writes(inside))
		}
	}
	number := BitInteger{Bits: 4}
	for _, step := range []BitStep{number.Write(1, Wrap), number.Add(1, Wrap)} {
		field := pb.BitFieldRequest_builder{Steps: []*pb.BitStep{number.Read().message, step.message}}.Build()
		if !writes(pb.Operation_builder{Bitfield: field}.Build()) {
			t.Errorf("%v reads", step.message)
		}
	}
}
