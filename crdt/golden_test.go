package crdt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
)

// golden reads annotated hex: what follows a # on a line is for people.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for _, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tag(o clock.Origin, s clock.Seq, at clock.Timestamp) Tag {
	return Tag{clock.Dot{Origin: o, Seq: s}, at}
}

func dot(o clock.Origin, s clock.Seq) clock.Dot { return clock.Dot{Origin: o, Seq: s} }

func goldenHeader() Header {
	return Header{
		Register: Register{[]Sibling{{tag(0x22, 1, 9), []byte("10")}, {tag(0x11, 300, 8), []byte("a")}}},
		Counter: Counter{
			Shards: []Shard{{Origin: 0x11, Seq: 7, Time: 5, Base: 2, Total: TotalOf(-1)}, {Origin: 0x22, Seq: 2, Time: 6, Base: 1, Total: TotalOf(128)}},
			Floors: []Floor{{Origin: 0x11, Seq: 3, Total: TotalOf(4)}, {Origin: 0x33, Seq: 1, Total: Total{}, By: dot(0x22, 1)}},
		},
		Claims: []Claim{{TypeSet, tag(0x11, 4, 3)}},
		Hidden: clock.VectorOf(clock.Entry{Origin: 0x11, Seq: 3}),
	}
}

func goldenPools() Header {
	return Header{Counter: Counter{
		Shards: []Shard{{Origin: 0x11, Seq: 7, Time: 5, Base: 2, Total: TotalOf(-1)}},
		Pools:  []Pool{{0xa1, tag(0x33, 4, 9), TotalOf(5)}, {0xb2, tag(0x44, 300, 8), TotalOf(0)}},
	}}
}

func goldenVoids() Header {
	h := goldenPools()
	h.Counter.Voids = []Void{{dot(0x11, 3), TotalOf(1)}, {dot(0x11, 6), TotalOf(-2)}}
	return h
}

func goldenExpiry() Header {
	return Header{
		Register: Register{[]Sibling{{tag(0x22, 5, 9), []byte("v")}}},
		Expiry: []Deadline{
			{Tag: tag(0x22, 6, 11), At: 1000},
			{Tag: tag(0x11, 300, 10), At: Never, Of: dot(0x22, 5)},
			{Tag: tag(0x22, 5, 9), At: 2000, Of: dot(0x22, 5)},
		},
	}
}

func goldenExpiries() Update {
	return Update{Changes: []Change{
		{Key: []byte("a"), Clear: true, Assign: true, Value: []byte("v"), Expiry: &Expiry{At: 2000}},
		{Key: []byte("b"), Expiry: &Expiry{At: 1000, Rest: true}},
		{Key: []byte("c"), Expiry: &Expiry{At: Never}},
		{Key: []byte("d"), Removes: [][]byte{[]byte("x")}, Unclaim: true, Expiry: &Expiry{None: true}},
	}}
}

func goldenUpdate() Update {
	return Update{
		Declare: &Declaration{"eu", "n1"},
		Changes: []Change{
			{Key: []byte("a"), Clear: true, Floors: []Floor{{Origin: 0x22, Seq: 5, Total: TotalOf(300)}}, Assign: true, Value: []byte("v")},
			{Key: []byte("n"), Increment: &Increment{Base: 1, Total: TotalOf(-300), Delta: TotalOf(2)}},
			{Key: []byte("s"), Adds: [][]byte{[]byte("x"), []byte("yy")}, Removes: [][]byte{{}}},
			{Key: []byte("t"), Removes: [][]byte{[]byte("x")}, Unclaim: true},
		},
	}
}

// goldenNames is an update of four keys in three namespaces.
func goldenNames() Update {
	set := func(n namespace.Name, key, value string) Change {
		return Change{Key: n.Key([]byte(key)), Assign: true, Value: []byte(value)}
	}
	return Update{Changes: []Change{
		set(namespace.Default, "k", "a"), set(namespace.Default, "\xff", "b"), set("3", "k", "c"), set("orders", "k", "d"),
	}}
}

// One that touches only the default namespace is as it was when there was no other, whatever its keys are.
func TestUpdatesOfTheDefaultNamespaceNameNone(t *testing.T) {
	for _, key := range []string{"k", "", "\xff", "\xff\x00", "\xff\x06ordersk", "\xff\x0133"} {
		want := append([]byte{1, 0, 1, byte(len(key))}, key+"\x02\x01v"...)
		u := Update{Changes: []Change{{Key: namespace.Default.Key([]byte(key)), Assign: true, Value: []byte("v")}}}
		if got := u.Append(nil); !bytes.Equal(got, want) {
			t.Errorf("%x: encoded as %x, want %x", key, got, want)
		}
		if got, err := DecodeUpdate(want); err != nil || !bytes.Equal(got.Changes[0].Key, u.Changes[0].Key) {
			t.Errorf("%x: decoded as %v: %v", key, got, err)
		}
	}
}

func TestHeaderBytes(t *testing.T) {
	for name, h := range map[string]Header{"header.hex": goldenHeader(), "header-pools.hex": goldenPools(), "header-expiry.hex": goldenExpiry(), "header-voids.hex": goldenVoids()} {
		want := golden(t, name)
		if got := h.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: encoded as\n%x, testdata has\n%x", name, got, want)
		}
		refusesDamage(t, want, func(b []byte) ([]byte, error) {
			h, err := DecodeHeader(b)
			return h.Append(nil), err
		})
	}
}

func TestMemberBytes(t *testing.T) {
	m, want := Member{[]clock.Dot{dot(0x11, 3), dot(0x22, 300)}}, golden(t, "member.hex")
	if got := m.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		m, err := DecodeMember(b)
		return m.Append(nil), err
	})
}

func goldenField() Field {
	return Field{
		Register: Register{[]Sibling{{tag(0x22, 1, 9), []byte("10")}}},
		Counter:  Counter{Shards: []Shard{{Origin: 0x11, Seq: 7, Time: 5, Base: 2, Total: TotalOf(-1)}}},
	}
}

// goldenFieldEnds is a field whose counter a region lets end, and another its value.
func goldenFieldEnds() Field {
	f := goldenField()
	value := f.Register.Siblings[0].Tag
	f.Expiry = []Deadline{{Tag: tag(0x33, 4, 10), At: 1000}, {Tag: tag(0x11, 300, 11), At: Never, Of: value.Dot}, {Tag: value, At: 2000, Of: value.Dot}}
	return f
}

// goldenFieldExpiries are all that an update does to deadlines of fields.
func goldenFieldExpiries() Update {
	return Update{Changes: []Change{{Key: []byte("h"), Fields: []FieldChange{
		{[]byte("a"), Edit{Clear: true, Assign: true, Value: []byte("v"), Expiry: &Expiry{At: 2000}}},
		{[]byte("b"), Edit{Expiry: &Expiry{At: 1000, Rest: true}}},
		{[]byte("c"), Edit{Expiry: &Expiry{At: Never}}},
	}}}}
}

func goldenFields() Update {
	return Update{Changes: []Change{
		{Key: []byte("h"), Fields: []FieldChange{
			{[]byte("f"), Edit{Clear: true, Floors: []Floor{{Origin: 0x22, Seq: 5, Total: TotalOf(300)}}, Assign: true, Value: []byte("v")}},
			{[]byte("n"), Edit{Increment: &Increment{Base: 1, Total: TotalOf(-300), Delta: TotalOf(2)}}},
		}},
		{Key: []byte("i"), Fields: []FieldChange{{[]byte{}, Edit{Clear: true}}}, UnclaimHash: true},
	}}
}

func goldenScore() Field {
	return Field{
		Register: Register{[]Sibling{{tag(0x22, 1, 9), AppendScore(nil, 1.5)}}},
		Counter:  Counter{Shards: []Shard{{Origin: 0x11, Seq: 7, Time: 5, Base: 2, Total: TotalOfFloat(-0.75)}}},
	}
}

func goldenScores() Update {
	return Update{Changes: []Change{
		{Key: []byte("y"), Increment: &Increment{Base: 1, Total: TotalOfFloat(-0x1p200), Delta: TotalOf(2)}},
		{Key: []byte("z"), Scores: []FieldChange{
			{[]byte("a"), Edit{Assign: true, Value: AppendScore(nil, -1)}},
			{[]byte("b"), Edit{Increment: &Increment{Base: 1, Total: TotalOfFloat(2.5), Delta: TotalOfFloat(0.5)}}},
		}, UnclaimZSet: true},
	}}
}

func TestScoreBytes(t *testing.T) {
	f, want := goldenScore(), golden(t, "score.hex")
	if got := f.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		f, err := DecodeScore(b)
		return f.Append(nil), err
	})
}

func goldenItem() Field {
	return Field{Register: Register{[]Sibling{{tag(0x22, 1, 9), []byte("b")}, {tag(0x11, 300, 8), []byte("a")}}}}
}

// goldenItems are what one update does to a list: it pushes to both ends, the front one beside a run
// of its own, inserts between, sets and removes.
func goldenItems() Update {
	own, other := Tag{dot(0x11, 300), 9}, Tag{dot(0x22, 2), 7}
	first := must(Insertion{Tag{dot(0x11, 4), 8}, 0}.Front(nil))
	last := must(Insertion{other, 0}.Back(nil))
	return Update{Changes: []Change{
		{Key: []byte("l"), Items: []FieldChange{
			{must(Insertion{own, 0}.Front(first)), Edit{Assign: true, Value: []byte("v")}},
			{first, Edit{Clear: true, Assign: true, Value: []byte("w")}},
			{must(Insertion{own, 1}.Between(first, last)), Edit{Assign: true}},
			{last, Edit{Clear: true}},
			{must(Insertion{own, 256}.Back(last)), Edit{Assign: true, Value: []byte("x")}},
		}},
		{Key: []byte("m"), Items: []FieldChange{{last, Edit{Clear: true}}}, UnclaimList: true},
	}}
}

func goldenAccount() Field {
	return Field{
		Register: Register{[]Sibling{{tag(0x22, 3, 9), AppendAmount(nil, 40)}}},
		Counter: Counter{Shards: []Shard{
			{Origin: 0x11, Seq: 2, Time: 8, Base: 2, Total: TotalOf(50)},
			{Origin: 0x22, Seq: 4, Time: 9, Base: 1, Total: TotalOf(-7)},
		}},
	}
}

// goldenAccounts are updates of origin 0x11: it creates a bounded counter of 100 above -1, grants 30 and
// wishes for 5.
func goldenAccounts() Update {
	here, there := dot(0x11, 300), dot(0x22, 7)
	add := func(base clock.Seq, total, delta int64) *Increment {
		return &Increment{Base: base, Total: TotalOf(total), Delta: TotalOf(delta)}
	}
	return Update{Changes: []Change{
		{Key: []byte("b"), Clear: true, Accounts: []FieldChange{
			{BoundName(), Edit{Assign: true, Value: AppendAmount(nil, -1)}},
			{AccountName(here, 0x11), Edit{Increment: add(300, 101, 101)}},
		}},
		{Key: []byte("c"), Accounts: []FieldChange{
			{AccountName(there, 0x11), Edit{Increment: add(2, -34, -30)}},
			{AccountName(there, 0x33), Edit{Increment: add(300, 30, 30)}},
		}},
		{Key: []byte("d"), Accounts: []FieldChange{{AccountName(there, 0x11), Edit{Assign: true, Value: AppendAmount(nil, 5)}}}},
	}}
}

func TestAccountBytes(t *testing.T) {
	f, want := goldenAccount(), golden(t, "account.hex")
	if got := f.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		f, err := DecodeAccount(b)
		return f.Append(nil), err
	})
}

func goldenSketch() Field {
	return Field{Register: Register{[]Sibling{{tag(0x22, 1, 9), []byte{3}}, {tag(0x11, 300, 8), []byte{51}}}}}
}

func goldenRanks() Update {
	return Update{Changes: []Change{{Key: []byte("h"), Ranks: []FieldChange{
		{SketchName(0), Edit{Assign: true, Value: []byte{1}}},
		{SketchName(SketchRegisters - 1), Edit{Assign: true, Value: []byte{51}}},
		{SketchMark(), Edit{Assign: true}},
	}}}}
}

func goldenEntry() Field {
	return Field{Register: Register{[]Sibling{{tag(0x11, 300, 8), AppendEntry(nil, [][]byte{[]byte("f"), []byte("v"), []byte("g"), {}})}}}}
}

func goldenMark() Field {
	a, b := StreamState{Last: StreamID{5, 1}, Removed: 300}, StreamState{Last: StreamID{5, 1 << 48}, Deleted: StreamID{4, 0}, Removed: 2}
	return Field{Register: Register{[]Sibling{{tag(0x22, 1, 9), a.Append(nil)}, {tag(0x11, 300, 8), b.Append(nil)}}}}
}

// goldenEntries are what one update does to a stream: it deletes an entry and adds another.
func goldenEntries() Update {
	state := StreamState{Last: StreamID{5, 1 << 48}, Deleted: StreamID{4, 0}, Removed: 1}
	return Update{Changes: []Change{{Key: []byte("s"), Entries: []FieldChange{
		{StreamMark(), Edit{Assign: true, Value: state.Append(nil)}},
		{EntryName(StreamID{4, 0}, 0x22), Edit{Clear: true}},
		{EntryName(StreamID{5, 1 << 48}, 0x11), Edit{Assign: true, Value: AppendEntry(nil, [][]byte{[]byte("f"), []byte("v")})}},
	}}}}
}

func TestStreamBytes(t *testing.T) {
	for name, f := range map[string]Field{"entry.hex": goldenEntry(), "mark.hex": goldenMark()} {
		want := golden(t, name)
		if got := f.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: encoded as\n%x, testdata has\n%x", name, got, want)
		}
		refusesDamage(t, want, func(b []byte) ([]byte, error) {
			f, err := DecodeEntry(b)
			return f.Append(nil), err
		})
	}
}

// goldenGroups are what one update does to a group: it is made, delivered to, and an entry of it is acknowledged.
func goldenGroups() Update {
	name := func(p GroupPart, region string, of []byte) []byte {
		return GroupName{Part: p, Region: region, Group: []byte("g\x00"), Of: of}.Append(nil)
	}
	seen := clock.VectorOf(clock.Entry{Origin: 0x11, Seq: 300})
	cursor := Cursor{Start: StreamID{5, 1}, Last: EntryPoint{StreamID{7, 300}, 0x22}, Read: 2, Seen: seen, Late: EntryPoint{StreamID{6, 0}, 0x11}, LateSeen: seen}
	return Update{Changes: []Change{{Key: []byte("s"), Groups: []FieldChange{
		{name(GroupPending, "eu", EntryName(StreamID{6, 0}, 0x11)), Edit{Clear: true}},
		{name(GroupPending, "eu", EntryName(StreamID{7, 300}, 0x22)), Edit{Assign: true, Value: Pending{[]byte("c"), 1000, 1}.Append(nil)}},
		{name(GroupConsumer, "eu", []byte("c")), Edit{Assign: true, Value: AppendConsumer(nil, 1000)}},
		{name(GroupCursor, "", nil), Edit{Assign: true, Value: Group{StreamID{5, 1}, UnknownRead}.Append(nil)}},
		{name(GroupCursor, "eu", nil), Edit{Assign: true, Value: cursor.Append(nil)}},
	}}}}
}

func TestGroupBytes(t *testing.T) {
	made, begun := Group{StreamID{5, 1}, 300}, Group{StreamID{4, 0}, UnknownRead}
	f := Field{Register: Register{[]Sibling{{tag(0x22, 1, 9), made.Append(nil)}, {tag(0x11, 300, 8), begun.Append(nil)}}}}
	want := golden(t, "group.hex")
	if got := f.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		f, err := DecodeGroup(b)
		return f.Append(nil), err
	})
}

func TestSketchBytes(t *testing.T) {
	f, want := goldenSketch(), golden(t, "sketch.hex")
	if got := f.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	if rank := f.Rank(); rank != 51 {
		t.Errorf("shows rank %d, not the greatest", rank)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		f, err := DecodeSketch(b)
		return f.Append(nil), err
	})
}

func must(p Position, err error) Position {
	if err != nil {
		panic(err)
	}
	return p
}

func TestItemBytes(t *testing.T) {
	f, want := goldenItem(), golden(t, "item.hex")
	if got := f.Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoded as\n%x, testdata has\n%x", got, want)
	}
	refusesDamage(t, want, func(b []byte) ([]byte, error) {
		f, err := DecodeItem(b)
		return f.Append(nil), err
	})
}

func TestFieldBytes(t *testing.T) {
	for name, f := range map[string]Field{"field.hex": goldenField(), "field-expiry.hex": goldenFieldEnds()} {
		want := golden(t, name)
		if got := f.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: encoded as\n%x, testdata has\n%x", name, got, want)
		}
		refusesDamage(t, want, func(b []byte) ([]byte, error) {
			f, err := DecodeField(b)
			return f.Append(nil), err
		})
	}
}

// Only fields of hashes end.
func TestOtherElementsHaveNoDeadlines(t *testing.T) {
	f := goldenScore()
	f.Expiry = []Deadline{{Tag: tag(0x33, 4, 10), At: 1000}}
	if _, err := DecodeScore(f.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a member of a sorted set with a deadline: %v", err)
	}
	f = goldenItem()
	f.Expiry = []Deadline{{Tag: tag(0x33, 4, 10), At: 1000}}
	if _, err := DecodeItem(f.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Errorf("an element of a list with a deadline: %v", err)
	}
	u := goldenScores()
	u.Changes[1].Scores[0].Expiry = &Expiry{At: 1000}
	if _, err := DecodeUpdate(u.Append(nil)); !errors.Is(err, ErrUnknownUpdate) {
		t.Errorf("a change of such a deadline: %v", err)
	}
	u = goldenFieldExpiries()
	u.Changes[0].Fields[2].Expiry = &Expiry{None: true}
	if _, err := DecodeUpdate(u.Append(nil)); !errors.Is(err, ErrUnknownUpdate) {
		t.Errorf("a change that takes a field's deadlines only: %v", err)
	}
}

func TestUpdateBytes(t *testing.T) {
	beyond := Update{Changes: []Change{{
		Key: []byte("k"), Clear: true, Beyond: clock.VectorOf(clock.Entry{Origin: 0x33, Seq: 7}),
	}}}
	for name, u := range map[string]Update{"update.hex": goldenUpdate(), "update-beyond.hex": beyond, "update-fields.hex": goldenFields(), "update-field-expiry.hex": goldenFieldExpiries(), "update-scores.hex": goldenScores(), "update-items.hex": goldenItems(), "update-accounts.hex": goldenAccounts(), "update-ranks.hex": goldenRanks(), "update-entries.hex": goldenEntries(), "update-groups.hex": goldenGroups(), "update-expiry.hex": goldenExpiries(), "update-names.hex": goldenNames(), "update-once.hex": goldenOnce(), "update-voids.hex": goldenAnnulment()} {
		want := golden(t, name)
		if got := u.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: encoded as\n%x, testdata has\n%x", name, got, want)
		}
		refusesDamage(t, want, func(b []byte) ([]byte, error) {
			u, err := DecodeUpdate(b)
			return u.Append(nil), err
		})
	}
}

// refusesDamage checks that good decodes to itself, and that what is cut, longer or
// changed in a byte is refused or is other canonical bytes.
func refusesDamage(t *testing.T, good []byte, again func([]byte) ([]byte, error)) {
	t.Helper()
	if got, err := again(good); err != nil || !bytes.Equal(got, good) {
		t.Fatalf("%x decodes to %x: %v", good, got, err)
	}
	for n := range good {
		if _, err := again(good[:n]); err == nil {
			t.Errorf("the first %d bytes decode", n)
		}
		for x := 1; x < 256; x++ {
			bad := bytes.Clone(good)
			bad[n] ^= byte(x)
			if got, err := again(bad); err == nil && !bytes.Equal(got, bad) {
				t.Errorf("%x decodes and encodes as %x", bad, got)
			}
		}
	}
	if _, err := again(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a byte too many decodes")
	}
}

func fuzz(f *testing.F, name string, again func([]byte) ([]byte, error)) {
	f.Add(golden(f, name))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := again(b); err == nil && !bytes.Equal(got, b) {
			t.Fatalf("%x encodes again as %x", b, got)
		}
	})
}

func FuzzDecodeHeader(f *testing.F) {
	f.Add(golden(f, "header-pools.hex"))
	f.Add(golden(f, "header-expiry.hex"))
	f.Add(golden(f, "header-voids.hex"))
	fuzz(f, "header.hex", func(b []byte) ([]byte, error) {
		h, err := DecodeHeader(b)
		return h.Append(nil), err
	})
}

func FuzzDecodeMember(f *testing.F) {
	fuzz(f, "member.hex", func(b []byte) ([]byte, error) {
		m, err := DecodeMember(b)
		return m.Append(nil), err
	})
}

func FuzzDecodeField(f *testing.F) {
	f.Add(golden(f, "field-expiry.hex"))
	fuzz(f, "field.hex", func(b []byte) ([]byte, error) {
		x, err := DecodeField(b)
		return x.Append(nil), err
	})
}

func FuzzDecodeScore(f *testing.F) {
	fuzz(f, "score.hex", func(b []byte) ([]byte, error) {
		x, err := DecodeScore(b)
		return x.Append(nil), err
	})
}

func FuzzDecodeSketch(f *testing.F) {
	fuzz(f, "sketch.hex", func(b []byte) ([]byte, error) {
		f, err := DecodeSketch(b)
		return f.Append(nil), err
	})
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(golden(f, "mark.hex"))
	fuzz(f, "entry.hex", func(b []byte) ([]byte, error) {
		x, err := DecodeEntry(b)
		return x.Append(nil), err
	})
}

func FuzzDecodeAccount(f *testing.F) {
	fuzz(f, "account.hex", func(b []byte) ([]byte, error) {
		f, err := DecodeAccount(b)
		return f.Append(nil), err
	})
}

func FuzzDecodeItem(f *testing.F) {
	fuzz(f, "item.hex", func(b []byte) ([]byte, error) {
		x, err := DecodeItem(b)
		return x.Append(nil), err
	})
}

func FuzzDecodeUpdate(f *testing.F) {
	f.Add(golden(f, "update-fields.hex"))
	f.Add(golden(f, "update-field-expiry.hex"))
	f.Add(golden(f, "update-scores.hex"))
	f.Add(golden(f, "update-items.hex"))
	f.Add(golden(f, "update-entries.hex"))
	f.Add(golden(f, "update-groups.hex"))
	f.Add(golden(f, "update-expiry.hex"))
	f.Add(golden(f, "update-names.hex"))
	fuzz(f, "update.hex", func(b []byte) ([]byte, error) {
		u, err := DecodeUpdate(b)
		return u.Append(nil), err
	})
}
