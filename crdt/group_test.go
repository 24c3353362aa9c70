package crdt

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// What each change of a cell of a group is to others: taken, or refused.
func TestGroupTable(t *testing.T) {
	entry := EntryName(StreamID{5, 1}, 0x11)
	name := func(p GroupPart, region string, of []byte) []byte {
		return GroupName{Part: p, Region: region, Group: []byte("g"), Of: of}.Append(nil)
	}
	pending, consumer := Pending{[]byte("c"), 9, 1}.Append(nil), AppendConsumer(nil, 9)
	made, cursor := Group{StreamID{5, 1}, UnknownRead}.Append(nil), Cursor{Read: UnknownRead}.Append(nil)
	for what, c := range map[string]struct {
		name []byte
		edit Edit
		ok   bool
	}{
		"a group made":              {name(GroupCursor, "", nil), Edit{Assign: true, Value: made}, true},
		"a group destroyed":         {name(GroupCursor, "", nil), Edit{Clear: true}, true},
		"a cursor":                  {name(GroupCursor, "r", nil), Edit{Assign: true, Value: cursor}, true},
		"a cursor as a definition":  {name(GroupCursor, "", nil), Edit{Assign: true, Value: cursor}, false},
		"a definition as a cursor":  {name(GroupCursor, "r", nil), Edit{Assign: true, Value: made}, false},
		"a consumer":                {name(GroupConsumer, "r", []byte("c")), Edit{Assign: true, Value: consumer}, true},
		"a consumer without a name": {name(GroupConsumer, "r", nil), Edit{Assign: true, Value: consumer}, true},
		"a consumer of no region":   {name(GroupConsumer, "", []byte("c")), Edit{Assign: true, Value: consumer}, false},
		"an entry":                  {name(GroupPending, "r", entry), Edit{Assign: true, Value: pending}, true},
		"an entry acknowledged":     {name(GroupPending, "r", entry), Edit{Clear: true}, true},
		"an entry in no region":     {name(GroupPending, "", entry), Edit{Assign: true, Value: pending}, false},
		"no entry":                  {name(GroupPending, "r", entry[:23]), Edit{Assign: true, Value: pending}, false},
		"the mark":                  {name(GroupPending, "r", StreamMark()), Edit{Assign: true, Value: pending}, false},
		"an entry as a consumer":    {name(GroupPending, "r", entry), Edit{Assign: true, Value: consumer}, false},
		"replaced":                  {name(GroupPending, "r", entry), Edit{Clear: true, Assign: true, Value: pending}, false},
		"counted":                   {name(GroupPending, "r", entry), Edit{Increment: &Increment{Base: 1, Total: TotalOf(1), Delta: TotalOf(1)}}, false},
		"with floors":               {name(GroupPending, "r", entry), Edit{Clear: true, Floors: []Floor{{Origin: 1, Seq: 1}}}, false},
		"cut short":                 {name(GroupPending, "r", entry), Edit{Assign: true, Value: pending[:len(pending)-1]}, false},
		"with nothing":              {name(GroupPending, "r", entry), Edit{Assign: true}, false},
		"of another part":           {append([]byte{4}, name(GroupPending, "r", entry)[1:]...), Edit{Assign: true, Value: pending}, false},
		"a name behind a cursor":    {append(name(GroupCursor, "r", nil), 'x'), Edit{Assign: true, Value: cursor}, false},
		"half a name":               {name(GroupCursor, "r", nil)[:4], Edit{Assign: true, Value: cursor}, false},
		"no name":                   {nil, Edit{Assign: true, Value: cursor}, false},
	} {
		u := Update{Changes: []Change{{Key: []byte("s"), Groups: []FieldChange{{c.name, c.edit}}}}}
		err := u.Check(dot(0x11, 9))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Names sort by what they name, whatever bytes are in it, and are told apart.
func TestGroupNames(t *testing.T) {
	var names [][]byte
	for _, n := range []GroupName{
		{Part: GroupPending, Region: "a", Group: []byte{}, Of: EntryName(StreamID{1, 0}, 1)},
		{Part: GroupPending, Region: "a", Group: []byte("\x00"), Of: EntryName(StreamID{0, 1}, 1)},
		{Part: GroupPending, Region: "a", Group: []byte("\x00\x01"), Of: EntryName(StreamID{0, 1}, 1)},
		{Part: GroupPending, Region: "a\x00", Group: []byte{}, Of: EntryName(StreamID{0, 1}, 1)},
		{Part: GroupPending, Region: "ab", Group: []byte{}, Of: EntryName(StreamID{0, 1}, 1)},
		{Part: GroupConsumer, Region: "a", Group: []byte("g"), Of: []byte("\x00\x01")},
		{Part: GroupCursor, Group: []byte("g")},
		{Part: GroupCursor, Region: "a", Group: []byte("g")},
	} {
		name := n.Append(nil)
		got, ok := SplitGroup(name)
		if !ok || got.Part != n.Part || got.Region != n.Region || !bytes.Equal(got.Group, n.Group) || !bytes.Equal(got.Of, n.Of) || !bytes.HasPrefix(name, n.Begin(nil)) {
			t.Errorf("%+v is %x, which is %+v", n, name, got)
		}
		names = append(names, name)
	}
	if !slices.IsSortedFunc(names, bytes.Compare) {
		t.Errorf("out of order: %x", names)
	}
}

// What a cursor says was delivered.
func TestCursorTable(t *testing.T) {
	c := Cursor{
		Start: StreamID{2, 0}, Last: EntryPoint{StreamID{9, 0}, 0x22}, Seen: clock.VectorOf(clock.Entry{Origin: 0x11, Seq: 5}),
		Late: EntryPoint{StreamID{4, 0}, 0x11}, LateSeen: clock.VectorOf(clock.Entry{Origin: 0x11, Seq: 8}),
	}
	for name, x := range map[string]struct {
		ms    uint64
		by    clock.Origin
		added clock.Seq
		want  bool
	}{
		"seen":                              {5, 0x11, 5, true},
		"added later":                       {5, 0x11, 6, false},
		"added later, and come late":        {3, 0x11, 8, true},
		"added after that":                  {3, 0x11, 9, false},
		"the last late one":                 {4, 0x11, 8, true},
		"of the same id behind it":          {4, 0x12, 8, false},
		"before the start":                  {2, 0x11, 1, false},
		"the last one":                      {9, 0x22, 1, true},
		"of the same id, of a later origin": {9, 0x23, 1, false},
	} {
		if got := c.Delivered(EntryPoint{StreamID{x.ms, 0}, x.by}, dot(0x11, x.added)); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
