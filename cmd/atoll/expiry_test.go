package main

import (
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func TestSecondsThatAKeyHasToLive(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1": 1000, "-5": -5000, "9223372036854774": 9223372036854774000} {
		if got, err := lifetime([]byte(text)); err != nil || got.GetInMs() != want {
			t.Errorf("%s: %d %v", text, got.GetInMs(), err)
		}
	}
	for _, text := range []string{"", "x", "1.5", "1s", "9223372036854776", "-9223372036854776", "9223372036854775808"} {
		if got, err := lifetime([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, got.GetInMs())
		}
	}
}

func TestTTLReplies(t *testing.T) {
	for want, r := range map[intReply]*pb.TTLResponse{
		-2: {}, -1: pb.TTLResponse_builder{Found: true}.Build(), 0: pb.TTLResponse_builder{Found: true, Ends: true, LeftMs: 499}.Build(),
		1: pb.TTLResponse_builder{Found: true, Ends: true, LeftMs: 500}.Build(),
	} {
		if got := ttlReply(r); got != want {
			t.Errorf("%v: %v, want %v", r, got, want)
		}
	}
}
