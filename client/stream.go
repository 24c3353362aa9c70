package client

import (
	"context"
	"math"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Stream is a handle to a stream: entries in the order of their ids, which are in the order of time. What other
// regions add arrives later, and may stand before entries that were read already: where every entry counts, read
// from a cursor ([Stream.Follow]) or by a [Group].
type Stream struct {
	c   *Client
	key []byte
}

// StreamID is the id of an entry: Unix milliseconds, and a number among those of one time. The zero value comes
// before all.
type StreamID struct{ Ms, Seq uint64 }

// LastStreamID is the greatest id.
var LastStreamID = StreamID{math.MaxUint64, math.MaxUint64}

// String writes an id as Redis does: 5-1.
func (id StreamID) String() string {
	return strconv.FormatUint(id.Ms, 10) + "-" + strconv.FormatUint(id.Seq, 10)
}

// ParseStreamID reads what String writes. Error: ErrInvalid.
func ParseStreamID(text string) (id StreamID, err error) {
	ms, seq, _ := strings.Cut(text, "-")
	if id.Ms, err = strconv.ParseUint(ms, 10, 64); err == nil {
		id.Seq, err = strconv.ParseUint(seq, 10, 64)
	}
	if err != nil {
		return StreamID{}, &Error{Code: codeInvalid, Message: strconv.Quote(text) + " is no id of an entry of a stream", cause: err}
	}
	return id, nil
}

// Entry is an entry of a stream. Fields keep their order, and may have equal names.
type Entry struct {
	ID     StreamID
	Fields []Field
}

// Trim says which entries of a stream are to go, the oldest first; the zero value lets all stay.
type Trim struct {
	message *pb.StreamTrim
}

// KeepLast lets so many entries stay.
func KeepLast(n uint64) Trim { return Trim{pb.StreamTrim_builder{MaxLen: &n}.Build()} }

// KeepFrom lets the entries from an id on stay.
func KeepFrom(id StreamID) Trim { return Trim{pb.StreamTrim_builder{MinId: id.message()}.Build()} }

// About lets entries go a hundred at a time only, or all that are left, and not more than limit; 0 is no limit. It
// costs less.
func (t Trim) About(limit uint64) Trim {
	about := pb.StreamTrim_builder{MinId: t.message.GetMinId(), About: true, Limit: limit}
	if t.message.HasMaxLen() {
		n := t.message.GetMaxLen()
		about.MaxLen = &n
	}
	return Trim{about.Build()}
}

// NewEntry is an entry to add.
type NewEntry struct {
	// Fields are at least one.
	Fields []Field
	// ID must follow the last id of the stream. Zero lets the node give one, as it should: then it is given nowhere else.
	ID StreamID
	// Existing makes no stream where the node sees none.
	Existing bool
	// Trim is done in the same update.
	Trim Trim
}

// Stream returns a handle to the stream under key. It sends nothing.
func (c *Client) Stream(key string) *Stream { return &Stream{c, []byte(key)} }

// Add adds an entry of some fields and returns its id. Error: ErrWrongType.
func (s *Stream) Add(ctx context.Context, fields ...Field) (StreamID, error) {
	return s.AddEntry(ctx, NewEntry{Fields: fields})
}

// AddEntry adds an entry and returns its id. Errors: ErrWrongType; ErrInvalid for an id that does not follow the last
// one; ErrNotFound if there is no stream and none is to be made.
func (s *Stream) AddEntry(ctx context.Context, e NewEntry) (StreamID, error) {
	result, err := s.c.Do(ctx, opXAdd(s.key, e))
	if err != nil {
		return StreamID{}, err
	}
	if !result.GetXadd().GetAdded() {
		return StreamID{}, notFound(s.key)
	}
	return streamIDFrom(result.GetXadd().GetId()), nil
}

// Range returns the entries from one id to another, both included, limit at most; 0 is all. Errors: ErrWrongType,
// ErrTooLarge.
func (s *Stream) Range(ctx context.Context, first, last StreamID, limit uint64) ([]Entry, error) {
	return s.entries(ctx, first, last, limit, false)
}

// RangeBack is Range from the last one back.
func (s *Stream) RangeBack(ctx context.Context, first, last StreamID, limit uint64) ([]Entry, error) {
	return s.entries(ctx, first, last, limit, true)
}

func (s *Stream) entries(ctx context.Context, first, last StreamID, limit uint64, reverse bool) ([]Entry, error) {
	request := pb.XRangeRequest_builder{Key: s.key, First: first.message(), Last: last.message(), Limit: limit, Reverse: reverse}.Build()
	result, err := s.c.Do(ctx, pb.Operation_builder{Xrange: request}.Build())
	if err != nil {
		return nil, err
	}
	return entriesFrom(result.GetXrange().GetEntries()), nil
}

// Len returns the number of entries; 0 when the key does not exist. Error: ErrWrongType.
func (s *Stream) Len(ctx context.Context) (int64, error) {
	result, err := s.c.Do(ctx, pb.Operation_builder{Xlen: pb.XLenRequest_builder{Key: s.key}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetXlen().GetLength(), nil
}

// Remove deletes entries and returns how many there were. The stream stays, be it empty. Error: ErrWrongType.
func (s *Stream) Remove(ctx context.Context, ids ...StreamID) (int64, error) {
	var messages []*pb.StreamID
	for _, id := range ids {
		messages = append(messages, id.message())
	}
	result, err := s.c.Do(ctx, pb.Operation_builder{Xdel: pb.XDelRequest_builder{Key: s.key, Ids: messages}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetXdel().GetDeleted(), nil
}

// Trim deletes entries that the node has seen, and returns how many. Error: ErrWrongType.
func (s *Stream) Trim(ctx context.Context, t Trim) (int64, error) {
	result, err := s.c.Do(ctx, pb.Operation_builder{Xtrim: pb.XTrimRequest_builder{Key: s.key, Trim: t.message}.Build()}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetXtrim().GetDeleted(), nil
}

// Read returns the entries that follow an id, limit at most; 0 is all. Errors: ErrWrongType, ErrTooLarge.
func (s *Stream) Read(ctx context.Context, after StreamID, limit uint64) ([]Entry, error) {
	parts, err := s.c.ReadStreams(ctx, limit, StreamPlace{Key: string(s.key), After: after})
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	return parts[0].Entries, nil
}

// StreamMark is what a stream has beside its entries.
type StreamMark struct {
	// Last is the last id that was given; no entry need have it any more.
	Last StreamID
	// Added is how many entries were ever added, as far as it can be told.
	Added int64
	// Deleted is the greatest id that was deleted.
	Deleted StreamID
}

// SetMark sets what a stream has beside its entries. Errors: ErrNotFound if there is no stream, ErrInvalid if an entry
// has a greater id or fewer were added than there are, ErrWrongType.
func (s *Stream) SetMark(ctx context.Context, m StreamMark) error {
	added := uint64(max(0, m.Added))
	request := pb.XSetIDRequest_builder{Key: s.key, Last: m.Last.message(), Added: &added, Deleted: m.Deleted.message()}.Build()
	_, err := s.c.Do(ctx, pb.Operation_builder{Xsetid: request}.Build())
	return err
}

// StreamInfo tells about a stream.
type StreamInfo struct {
	StreamMark
	// Length is how many entries there are; First and Final are nil if none are.
	Length       int64
	First, Final *Entry
}

// Info tells about the stream. Errors: ErrNotFound, ErrWrongType.
func (s *Stream) Info(ctx context.Context) (StreamInfo, error) {
	result, err := s.c.Do(ctx, pb.Operation_builder{Xinfo: pb.XInfoRequest_builder{Key: s.key}.Build()}.Build())
	if err != nil {
		return StreamInfo{}, err
	}
	r := result.GetXinfo()
	info := StreamInfo{StreamMark{streamIDFrom(r.GetLast()), r.GetAdded(), streamIDFrom(r.GetDeleted())}, r.GetLength(), nil, nil}
	if r.HasFirstEntry() {
		ends := entriesFrom([]*pb.StreamEntry{r.GetFirstEntry(), r.GetLastEntry()})
		info.First, info.Final = &ends[0], &ends[1]
	}
	return info, nil
}

// Delete removes the stream and tells whether it existed. What is added concurrently survives.
func (s *Stream) Delete(ctx context.Context) (bool, error) {
	n, err := s.c.Delete(ctx, string(s.key))
	return n > 0, err
}

// StreamPlace is a stream and where to read it from.
type StreamPlace struct {
	Key string
	// After is the id that what is read follows.
	After StreamID
	// FromNow is to read what comes after this moment, in the place of an id.
	FromNow bool
}

// StreamPart is what was read of a stream.
type StreamPart struct {
	Key     string
	Entries []Entry
}

// ReadStreams returns the entries of streams that follow an id each, limit at most of each; 0 is all. Streams without
// such entries are left out. Errors: ErrWrongType, ErrTooLarge.
func (c *Client) ReadStreams(ctx context.Context, limit uint64, streams ...StreamPlace) ([]StreamPart, error) {
	result, err := c.Do(ctx, pb.Operation_builder{Xread: readRequest(limit, streams)}.Build())
	if err != nil {
		return nil, err
	}
	return partsFrom(result.GetXread()), nil
}

func readRequest(limit uint64, streams []StreamPlace) *pb.XReadRequest {
	request := &pb.XReadRequest{}
	request.SetLimit(limit)
	var places []*pb.StreamPlace
	for _, p := range streams {
		places = append(places, pb.StreamPlace_builder{Key: []byte(p.Key), After: p.After.message(), FromNow: p.FromNow}.Build())
	}
	request.SetStreams(places)
	return request
}

func partsFrom(r *pb.XReadResponse) []StreamPart { return partsOf(r.GetStreams()) }

func partsOf(list []*pb.StreamPart) (parts []StreamPart) {
	for _, p := range list {
		parts = append(parts, StreamPart{string(p.GetKey()), entriesFrom(p.GetEntries())})
	}
	return parts
}

func (id StreamID) message() *pb.StreamID {
	return pb.StreamID_builder{Ms: id.Ms, Seq: id.Seq}.Build()
}

func streamIDFrom(id *pb.StreamID) StreamID { return StreamID{id.GetMs(), id.GetSeq()} }

func entriesFrom(list []*pb.StreamEntry) (entries []Entry) {
	for _, e := range list {
		entry := Entry{ID: streamIDFrom(e.GetId())}
		for _, f := range e.GetFields() {
			entry.Fields = append(entry.Fields, Field{string(f.GetField()), f.GetValue()})
		}
		entries = append(entries, entry)
	}
	return entries
}

func opXAdd(key []byte, e NewEntry) *pb.Operation {
	request := pb.XAddRequest_builder{Key: key, Existing: e.Existing, Trim: e.Trim.message}
	for _, f := range e.Fields {
		request.Fields = append(request.Fields, pb.FieldValue_builder{Field: []byte(f.Name), Value: f.Value}.Build())
	}
	if e.ID != (StreamID{}) {
		request.Whole = e.ID.message()
	}
	return pb.Operation_builder{Xadd: request.Build()}.Build()
}
