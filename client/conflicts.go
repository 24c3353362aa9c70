package client

import (
	"context"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Writer names an update, and who wrote it.
type Writer struct {
	// Stamp orders writes: hybrid logical time, Unix milliseconds << 16 | counter.
	Stamp uint64
	// Origin and Seq name the update.
	Origin, Seq uint64
	// Region and Node wrote it; empty where the node that was asked does not know.
	Region, Node string
}

// Time is the physical part of the stamp.
func (w Writer) Time() time.Time { return time.UnixMilli(int64(w.Stamp >> 16)) }

// Conflict tells that of two concurrent values of a cell one is not shown.
type Conflict struct {
	// ID ascends, at the node that noticed it.
	ID uint64
	// At is when the node noticed.
	At time.Time
	// Type is "string", "hash", "zset" or "list". Cell is the field, the member, or the position of an element; empty
	// of a string.
	Type string
	Key  string
	Cell []byte
	// Winner is shown, Loser is not.
	Winner, Loser Writer
	// Value begins what is not shown, of Size bytes; of a sorted set it is the score as text.
	Value []byte
	Size  int
}

// Conflicts is a part of what a node keeps: the last 4,096 conflicts, in memory.
type Conflicts struct {
	// List ascends by ID.
	List []Conflict
	// Total is how many there were since the node started.
	Total uint64
	// Missed: some after the ID that was asked for are not kept any more.
	Missed bool
}

// Conflicts returns concurrent values that are not shown, as the node that calls go to noticed them: the first count
// after an ID, or with after 0 the last count; a count of 0 is 100, the greatest is 1,000. IDs are those of one node: after a
// failover begin anew.
func (c *Client) Conflicts(ctx context.Context, after uint64, count int) (Conflicts, error) {
	request := pb.ConflictsRequest_builder{Namespace: c.space, After: after, Count: uint32(max(count, 0))}.Build()
	answer, err := pb.NewTraceClient(follower{c}).Conflicts(ctx, request)
	if err != nil {
		return Conflicts{}, fromStatus(err)
	}
	out := Conflicts{Total: answer.GetTotal(), Missed: answer.GetMissed()}
	for _, x := range answer.GetConflicts() {
		out.List = append(out.List, Conflict{
			ID: x.GetId(), At: time.UnixMilli(x.GetAtMs()), Type: x.GetType(), Key: string(x.GetKey()), Cell: x.GetCell(),
			Winner: writerOf(x.GetWinner()), Loser: writerOf(x.GetLoser()), Value: x.GetValue(), Size: int(x.GetSize()),
		})
	}
	return out, nil
}

func writerOf(w *pb.WriterOf) Writer {
	return Writer{Stamp: w.GetStamp(), Origin: w.GetOrigin(), Seq: w.GetSeq(), Region: w.GetRegion(), Node: w.GetNode()}
}
