package crdt

import (
	"errors"
	"math"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// What each change of a cell of a stream is to others: taken, or refused.
func TestStreamTable(t *testing.T) {
	entry, mark := EntryName(StreamID{5, 1}, 0x11), StreamMark()
	fields := AppendEntry(nil, [][]byte{[]byte("f"), {}})
	state := StreamState{Last: StreamID{5, 1}, Deleted: StreamID{5, 0}, Removed: 2}
	for name, c := range map[string]struct {
		change FieldChange
		ok     bool
	}{
		"an entry":                    {FieldChange{entry, Edit{Assign: true, Value: fields}}, true},
		"an entry of another's":       {FieldChange{EntryName(StreamID{5, 1}, 0x22), Edit{Assign: true, Value: fields}}, true},
		"an entry deleted":            {FieldChange{entry, Edit{Clear: true}}, true},
		"an entry replaced":           {FieldChange{entry, Edit{Clear: true, Assign: true, Value: fields}}, false},
		"an entry without fields":     {FieldChange{entry, Edit{Assign: true}}, false},
		"a field without a value":     {FieldChange{entry, Edit{Assign: true, Value: AppendEntry(nil, [][]byte{{}})}}, false},
		"an entry cut short":          {FieldChange{entry, Edit{Assign: true, Value: fields[:len(fields)-1]}}, false},
		"an entry that counts":        {FieldChange{entry, Edit{Increment: &Increment{Base: 1, Total: TotalOf(1), Delta: TotalOf(1)}}}, false},
		"an entry with floors":        {FieldChange{entry, Edit{Clear: true, Floors: []Floor{{Origin: 1, Seq: 1}}}}, false},
		"entry 0-0":                   {FieldChange{EntryName(StreamID{}, 0x11), Edit{Assign: true, Value: fields}}, false},
		"an entry of nobody":          {FieldChange{EntryName(StreamID{5, 1}, 0), Edit{Assign: true, Value: fields}}, false},
		"no name":                     {FieldChange{entry[:23], Edit{Assign: true, Value: fields}}, false},
		"the mark":                    {FieldChange{mark, Edit{Assign: true, Value: state.Append(nil)}}, true},
		"the mark of an empty stream": {FieldChange{mark, Edit{Assign: true, Value: StreamState{}.Append(nil)}}, true},
		"the mark deleted":            {FieldChange{mark, Edit{Clear: true}}, false},
		"a mark without a state":      {FieldChange{mark, Edit{Assign: true}}, false},
		"a mark cut short":            {FieldChange{mark, Edit{Assign: true, Value: state.Append(nil)[:6]}}, false},
		"fewer removed than none":     {FieldChange{mark, Edit{Assign: true, Value: StreamState{Removed: -1}.Append(nil)}}, false},
	} {
		u := Update{Changes: []Change{{Key: []byte("s"), Entries: []FieldChange{c.change}}}}
		err := u.Check(dot(0x11, 9))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What of a mark's siblings counts.
func TestStreamStateTable(t *testing.T) {
	low, high := StreamID{1, math.MaxUint64}, StreamID{2, 0}
	for name, c := range map[string]struct {
		siblings []StreamState
		want     StreamState
	}{
		"one":                         {[]StreamState{{low, low, 3}}, StreamState{low, low, 3}},
		"the newer has the lesser id": {[]StreamState{{low, low, 3}, {high, StreamID{}, 1}}, StreamState{high, low, 3}},
		"the older has the lesser id": {[]StreamState{{high, high, 1}, {low, StreamID{}, 3}}, StreamState{high, high, 3}},
	} {
		var f Field
		for i, s := range c.siblings {
			o := clock.Origin(len(c.siblings) - i)
			f.Register.Assign(s.Append(nil), tag(o, 1, clock.Timestamp(o)), saw())
		}
		if got, ok := f.StreamState(); !ok || got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if _, ok := new(Field).StreamState(); ok {
		t.Error("no mark shows a stream")
	}
}

// The ids that are given, and those beside an id.
func TestStreamIDs(t *testing.T) {
	const by, own = 0xabcd_0123_4567_89ab, 0x0123_4567_89ab
	top := StreamID{7, math.MaxUint64}
	for name, c := range map[string]struct {
		at, last, want StreamID
		ok             bool
	}{
		"later than the last":              {StreamID{8, 0}, StreamID{7, 3}, StreamID{8, own}, true},
		"at the time of the last":          {StreamID{7, 0}, StreamID{7, own}, StreamID{7, 1<<48 | own}, true},
		"a lesser number at the time":      {StreamID{7, 0}, StreamID{7, own - 1}, StreamID{7, own}, true},
		"a greater number at the time":     {StreamID{7, 0}, StreamID{7, own + 1}, StreamID{7, 1<<48 | own}, true},
		"before the last":                  {StreamID{6, 0}, StreamID{7, 2 << 48}, StreamID{7, 3<<48 | own}, true},
		"no number is left":                {StreamID{7, 0}, top, StreamID{8, own}, true},
		"no id is left":                    {StreamID{7, 0}, MaxStreamID, StreamID{}, false},
		"the last number of the last time": {StreamID{7, 0}, StreamID{math.MaxUint64, 0xffff << 48}, StreamID{}, false},
	} {
		got, ok := c.at.After(c.last, by)
		if ok != c.ok || ok && (got != c.want || got.Compare(c.last) <= 0) {
			t.Errorf("%s: %v %v, want %v", name, got, ok, c.want)
		}
	}
	if next, ok := top.Next(); !ok || next != (StreamID{8, 0}) {
		t.Errorf("after %v comes %v", top, next)
	}
	if prev, ok := (StreamID{8, 0}).Prev(); !ok || prev != top {
		t.Errorf("before 8-0 comes %v", prev)
	}
	if _, ok := MaxStreamID.Next(); ok {
		t.Error("there is an id behind the greatest")
	}
	if _, ok := (StreamID{}).Prev(); ok {
		t.Error("there is an id before 0-0")
	}
	if id, by, ok := SplitEntry(EntryName(top, by)); !ok || id != top || by != 0xabcd_0123_4567_89ab {
		t.Errorf("the name of %v is that of %v by %v", top, id, by)
	}
}
