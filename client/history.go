package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// KeyUpdate is one update of a key.
type KeyUpdate struct {
	Writer
	// Here: the node that was asked made it.
	Here bool
	// Effects is what it did to the key, in words, in the order in which that applies. It holds no values.
	Effects []string
}

// LogReach tells which records of an origin a node's op log has: from First on, up to the one of seq Last.
type LogReach struct {
	First Writer
	Last  uint64
}

// History is what a node's op log still has of a key.
type History struct {
	// Updates are the newest first.
	Updates []KeyUpdate
	// LookedTo is the stamp down to which all was looked at; 0 where all of the op log was. LookedAt counts records.
	LookedTo, LookedAt uint64
	// Reach tells for each origin how far back the op log goes.
	Reach []LogReach
}

// History returns the newest count updates of a key that the op log of the node that calls go to still has; 0 is 10, the greatest
// is 1,000. The node looks at no more than 200,000 records or 64 MiB, and for about a second.
func (c *Client) History(ctx context.Context, key string, count int) (History, error) {
	request := pb.HistoryRequest_builder{Namespace: c.space, Key: []byte(key), Count: uint32(max(count, 0))}.Build()
	answer, err := pb.NewTraceClient(follower{c}).History(ctx, request)
	if err != nil {
		return History{}, fromStatus(err)
	}
	out := History{LookedTo: answer.GetLookedTo(), LookedAt: answer.GetLookedAt()}
	for _, u := range answer.GetUpdates() {
		out.Updates = append(out.Updates, KeyUpdate{writerOf(u.GetWriter()), u.GetHere(), u.GetEffects()})
	}
	for _, x := range answer.GetReach() {
		first := Writer{Stamp: x.GetFirstStamp(), Origin: x.GetOrigin(), Seq: x.GetFirstSeq(), Region: x.GetRegion(), Node: x.GetNode()}
		out.Reach = append(out.Reach, LogReach{first, x.GetLastSeq()})
	}
	return out, nil
}
