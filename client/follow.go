package client

import (
	"context"
	"iter"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// StreamCursor is where a reader of a stream stands. It is a text to keep and to go on with later, at any node: nothing is
// skipped, be it what arrives late with a lesser id, though at another node entries may be given again. It is of one stream.
type StreamCursor string

// FromBegin gives everything that there is, FromNow what is applied from now on.
const (
	FromBegin StreamCursor = "0"
	FromNow   StreamCursor = "$"
)

// Followed is an entry that was read from a cursor.
type Followed struct {
	Entry
	// Cursor goes on behind this entry, where it is the last one of a page; else it is empty, and the last cursor is
	// what goes on: it yields the page's entries again.
	Cursor StreamCursor
}

// ReadCursor returns entries that a cursor has not been given, limit at most; 0 is as many as a response should hold. Where
// there are none it waits: at most for a time, for [ForEver], or not at all if it is 0. Next is where to go on, also where there
// are none; more tells to go on at once. Errors: ErrInvalid for what is no cursor of this stream, ErrWrongType.
func (s *Stream) ReadCursor(ctx context.Context, wait time.Duration, at StreamCursor, limit uint64) (entries []Entry, next StreamCursor, more bool, err error) {
	request := pb.XCursorRequest_builder{Key: s.key, Cursor: []byte(at), Limit: limit, WaitMs: waitOf(wait)}.Build()
	result, err := s.c.doWaiting(ctx, wait, pb.Operation_builder{Xcursor: request}.Build())
	if err != nil {
		return nil, at, false, err
	}
	r := result.GetXcursor()
	return entriesFrom(r.GetEntries()), StreamCursor(r.GetCursor()), r.GetMore(), nil
}

// followPage is how many entries Follow asks for at a time.
const followPage = 1000

// Follow yields the entries of the stream from a cursor on, in the order in which the node applies them, and waits for more
// until ctx ends. Keep the cursor of an entry, if it has one, once the entry is dealt with: Follow goes on from there later, also
// after an error, which comes last and with no entry. At least once: what was yielded behind that cursor is yielded again. Who
// begins FromNow and must miss nothing gets a cursor by [Stream.ReadCursor] first.
func (s *Stream) Follow(ctx context.Context, from StreamCursor) iter.Seq2[Followed, error] {
	return func(yield func(Followed, error) bool) {
		at, wait := from, time.Duration(0)
		for {
			entries, next, more, err := s.ReadCursor(ctx, wait, at, followPage)
			if err != nil {
				yield(Followed{}, err)
				return
			}
			at, wait = next, ForEver
			if more || len(entries) > 0 {
				wait = 0
			}
			for i, e := range entries {
				f := Followed{Entry: e}
				if i == len(entries)-1 {
					f.Cursor = next
				}
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}
