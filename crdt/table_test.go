package crdt

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"

	"pgregory.net/rapid"
)

// In these tables A and B are concurrent origins; C writes with the context given.
const originA, originB, originC = 0xA, 0xB, 0xC

func saw(dots ...clock.Dot) Context {
	var v clock.VersionVector
	for _, d := range dots {
		v.Advance(d.Origin, d.Seq)
	}
	return Context{Seen: v, Self: dot(originC, 1)}
}

func values(r Register) string {
	var out []string
	for _, s := range r.Siblings {
		out = append(out, string(s.Value))
	}
	return strings.Join(out, " ")
}

func TestRegisterTable(t *testing.T) {
	a, bb := dot(originA, 1), dot(originB, 1)
	both := Register{[]Sibling{{tag(originB, 1, 20), []byte("b")}, {tag(originA, 1, 10), []byte("a")}}}
	write := tag(originC, 2, 15)
	for name, c := range map[string]struct {
		start  Register
		assign bool
		ctx    Context
		want   string
	}{
		"assign to nothing":                     {Register{}, true, saw(), "c"},
		"assign that saw both":                  {both, true, saw(a, bb), "c"},
		"assign that saw the shown one":         {both, true, saw(bb), "c a"},
		"assign that saw the other one":         {both, true, saw(a), "b c"},
		"assign that saw neither goes between":  {both, true, saw(), "b c a"},
		"remove from nothing":                   {Register{}, false, saw(a), ""},
		"remove that saw both":                  {both, false, saw(a, bb), ""},
		"remove that saw the shown one":         {both, false, saw(bb), "a"},
		"remove that saw neither takes neither": {both, false, saw(), "b a"},
		"remove that saw more than is there":    {both, false, saw(dot(originA, 9)), "b"},
	} {
		r := c.start
		if c.assign {
			r.Assign([]byte("c"), write, c.ctx)
		} else {
			r.Remove(c.ctx)
		}
		if got := values(r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if values(both) != "b a" {
			t.Fatalf("%s changed the state it began with", name)
		}
	}
}

func TestMemberTable(t *testing.T) {
	both := []clock.Dot{dot(originA, 1), dot(originB, 1)}
	mine := dot(originC, 2)
	for name, c := range map[string]struct {
		start []clock.Dot
		do    func(*Member)
		want  []clock.Dot
	}{
		"add to nothing":               {nil, func(m *Member) { m.Add(mine, saw()) }, []clock.Dot{mine}},
		"add that saw both":            {both, func(m *Member) { m.Add(mine, saw(both...)) }, []clock.Dot{mine}},
		"add that saw one":             {both, func(m *Member) { m.Add(mine, saw(both[0])) }, []clock.Dot{both[1], mine}},
		"remove from nothing":          {nil, func(m *Member) { m.Remove(saw(both...)) }, nil},
		"remove that saw both":         {both, func(m *Member) { m.Remove(saw(both...)) }, nil},
		"remove that saw one":          {both, func(m *Member) { m.Remove(saw(both[1])) }, both[:1]},
		"remove that saw none":         {both, func(m *Member) { m.Remove(saw()) }, both},
		"hidden by a deletion of one":  {both, func(m *Member) { m.Hide(saw(both[0]).Seen) }, both[1:]},
		"hidden by a deletion of both": {both, func(m *Member) { m.Hide(saw(both...).Seen) }, nil},
	} {
		m := Member{slices.Clone(c.start)}
		if c.do(&m); !slices.Equal(m.Dots, c.want) || m.Live() != (len(c.want) > 0) {
			t.Errorf("%s: %v, want %v", name, m.Dots, c.want)
		}
	}
}

func TestCounterTable(t *testing.T) {
	shard := func(seq, base clock.Seq, total int64) Shard {
		return Shard{Origin: originA, Seq: seq, Time: 1, Base: base, Total: TotalOf(total)}
	}
	floor := func(seq clock.Seq, total int64) []Floor {
		return []Floor{{Origin: originA, Seq: seq, Total: TotalOf(total)}}
	}
	byC, byD, byA := dot(originC, 1), dot(0xD, 1), dot(originA, 9)
	for name, c := range map[string]struct {
		do     func(*Counter)
		sum    int64
		shards int
		floors int
	}{
		"nothing":                                  {func(*Counter) {}, 0, 0, 0},
		"an increment":                             {func(c *Counter) { c.Raise(shard(1, 1, 5)) }, 5, 1, 0},
		"an older state of a shard is no news":     {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Raise(shard(1, 1, 5)) }, 7, 1, 0},
		"a reset of all":                           {func(c *Counter) { c.Raise(shard(1, 1, 5)); c.Reset(floor(1, 5), byC) }, 0, 0, 1},
		"a reset of a part":                        {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Reset(floor(1, 5), byC) }, 2, 1, 1},
		"a reset that comes before its increments": {func(c *Counter) { c.Reset(floor(1, 5), byC); c.Raise(shard(2, 1, 7)) }, 2, 1, 1},
		"a reset by the origin itself":             {func(c *Counter) { c.Raise(shard(1, 1, 5)); c.Reset(floor(1, 5), byA) }, 0, 0, 0},
		"a new life after a reset":                 {func(c *Counter) { c.Raise(shard(1, 1, 5)); c.Reset(floor(1, 5), byC); c.Raise(shard(2, 2, 3)) }, 3, 1, 1},
		"two resets, the greater counts":           {func(c *Counter) { c.Raise(shard(3, 1, 9)); c.Reset(floor(2, 7), byC); c.Reset(floor(1, 5), byD) }, 2, 1, 2},
		"a reset without floors":                   {func(c *Counter) { c.Raise(shard(1, 1, 5)); c.Reset(nil, byC) }, 5, 1, 0},
	} {
		var x Counter
		c.do(&x)
		if got, exact := x.Sum().Int64(); got != c.sum || !exact || len(x.Shards) != c.shards || len(x.Floors) != c.floors {
			t.Errorf("%s: sum %d, %+v", name, got, x)
		}
	}
}

func TestHeaderShownTable(t *testing.T) {
	text := func(at clock.Timestamp) Register { return Register{[]Sibling{{tag(originA, 1, at), []byte("v")}}} }
	set := func(at clock.Timestamp) []Claim { return []Claim{{TypeSet, tag(originB, 1, at)}} }
	count := Counter{Shards: []Shard{{Origin: originC, Seq: 1, Time: 30, Base: 1, Total: TotalOf(1)}}}
	for name, c := range map[string]struct {
		h       Header
		members bool
		want    Type
	}{
		"nothing":                               {Header{}, false, TypeNone},
		"a string":                              {Header{Register: text(1)}, false, TypeString},
		"increments":                            {Header{Counter: count}, false, TypeString},
		"a set":                                 {Header{Claims: set(1)}, true, TypeSet},
		"a claim whose members are gone":        {Header{Claims: set(1)}, false, TypeNone},
		"a string above a set":                  {Header{Register: text(2), Claims: set(1)}, true, TypeString},
		"a set above a string":                  {Header{Register: text(1), Claims: set(2)}, true, TypeSet},
		"an emptied set above a string":         {Header{Register: text(1), Claims: set(2)}, false, TypeString},
		"increments above a set above a string": {Header{Register: text(1), Counter: count, Claims: set(2)}, true, TypeString},
		"equal stamps: the greater origin":      {Header{Register: text(2), Claims: set(2)}, true, TypeSet},
	} {
		got, err := c.h.Shown(func(Type) (bool, error) { return c.members, nil })
		if err != nil || got != c.want {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
	three := Header{Register: text(1), Claims: []Claim{{TypeSet, tag(originB, 1, 2)}, {TypeHash, tag(originC, 1, 3)}}}
	for name, c := range map[string]struct {
		holds map[Type]bool
		want  Type
	}{
		"a hash above a set above a string":               {map[Type]bool{TypeSet: true, TypeHash: true}, TypeHash},
		"an emptied hash above a set above a string":      {map[Type]bool{TypeSet: true}, TypeSet},
		"a hash above an emptied set above a string":      {map[Type]bool{TypeHash: true}, TypeHash},
		"a string, and a hash and a set that are emptied": {nil, TypeString},
	} {
		got, err := three.Shown(func(t Type) (bool, error) { return c.holds[t], nil })
		if err != nil || got != c.want {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
	broken := errors.New("broken")
	h := Header{Claims: set(1)}
	if _, err := h.Shown(func(Type) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Error("lost the error")
	}
}

func TestHeaderValueTable(t *testing.T) {
	h := func(base string, total Total) Header {
		x := Header{}
		if base != "" {
			x.Register = Register{[]Sibling{{tag(originA, 1, 1), []byte(base)}}}
		}
		if total != (Total{}) {
			x.Counter = Counter{Shards: []Shard{{Origin: originC, Seq: 1, Time: 30, Base: 1, Total: total}}}
		}
		return x
	}
	for name, c := range map[string]struct {
		h     Header
		value string
		isInt bool
	}{
		"increments alone":                {h("", TotalOf(3)), "3", true},
		"increments over a number":        {h("10", TotalOf(-3)), "7", true},
		"increments over a word":          {h("word", TotalOf(3)), "word", false},
		"a number not as Redis writes it": {h("+10", TotalOf(3)), "+10", false},
		"a number with a leading zero":    {h("010", TotalOf(3)), "010", false},
		"minus zero":                      {h("-0", TotalOf(3)), "-0", false},
		"above 64 bits it is saturated":   {h("9223372036854775807", TotalOf(1)), "9223372036854775807", true},
		"below 64 bits it is saturated":   {h("-9223372036854775808", TotalOf(-1)), "-9223372036854775808", true},
		"beyond and back it is exact":     {h("9223372036854775807", TotalOf(math.MinInt64)), "-1", true},
		"a number that does not fit":      {h("9223372036854775808", TotalOf(1)), "9223372036854775808", false},
		"a number of too many characters": {h("-92233720368547758080", TotalOf(1)), "-92233720368547758080", false},
	} {
		value, ok := c.h.Value()
		_, isInt := c.h.Integer()
		if !ok || string(value) != c.value || isInt != c.isInt {
			t.Errorf("%s: %q %v, want %q %v", name, value, isInt, c.value, c.isInt)
		}
	}
}

func TestTotalsCountLikeBigIntegers(t *testing.T) {
	edge := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}))
	rapid.Check(t, func(t *rapid.T) {
		sum, want := Total{}, new(big.Int)
		for _, n := range rapid.SliceOfN(edge, 0, 12).Draw(t, "n") {
			if rapid.Bool().Draw(t, "sub") {
				sum, want = sum.Sub(TotalOf(n)), want.Sub(want, big.NewInt(n))
			} else {
				sum, want = sum.Add(TotalOf(n)), want.Add(want, big.NewInt(n))
			}
		}
		n, exact := sum.Int64()
		if sum.String() != want.String() || exact != want.IsInt64() || exact && n != want.Int64() {
			t.Fatalf("%v, want %v (%d %v)", sum, want, n, exact)
		}
		if !exact && (n < 0) != (want.Sign() < 0) {
			t.Fatalf("%v saturates to %d", want, n)
		}
		d := decoder{b: sum.appendTo(nil)}
		if got := d.total(); got != sum || d.end() != nil {
			t.Fatalf("%v decodes as %v: %v", sum, got, d.err)
		}
	})
}

func TestAResetOfManyOriginsIsQuick(t *testing.T) {
	var floors []Floor
	for i := range clock.MaxVectorEntries {
		floors = append(floors, Floor{Origin: clock.Origin(i + 1), Seq: 1})
	}
	u := Update{Changes: []Change{{Key: []byte("k"), Clear: true, Floors: floors}}}
	begin := time.Now()
	back, err := DecodeUpdate(u.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	var h Header
	h.Apply(&back.Changes[0], tag(math.MaxUint64, 1, 1), saw())
	if _, err := DecodeHeader(h.Append(nil)); err != nil || len(h.Counter.Floors) != len(floors) {
		t.Fatal(len(h.Counter.Floors), err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Fatalf("took %v", took)
	}
	u.Changes[0].Floors = append(floors, Floor{Origin: math.MaxUint64, Seq: 1})
	if _, err := DecodeUpdate(u.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("more floors than origins can be: %v", err)
	}
}

func TestANewerUpdateIsNotTakenForDamage(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"a newer version":         {[]byte{2, 0, 0xff}, ErrUnknownUpdate},
		"a newer flag":            {[]byte{1, 128, 2, 0}, ErrUnknownUpdate},
		"a newer flag of a field": {[]byte{1, 0, 1, 1, 'k', 128, 1, 1, 1, 'f', 64, 0}, ErrUnknownUpdate},
		"no further flags":        {[]byte{1, 128, 0, 0}, ErrMalformed},
		"a newer kind of id":      {[]byte{1, 128, 1, 2, 1, 'x', 0}, ErrUnknownUpdate},
		"an empty id":             {[]byte{1, 128, 1, 0, 0, 0}, ErrMalformed},
		"no second flags":         {[]byte{1, 0, 1, 1, 'k', 128, 0}, ErrMalformed},
		"a field without a part":  {[]byte{1, 0, 1, 1, 'k', 128, 1, 1, 1, 'f', 0, 0}, ErrMalformed},
		"fields out of order":     {[]byte{1, 0, 1, 1, 'k', 128, 1, 2, 1, 'g', 2, 0, 1, 'f', 2, 0}, ErrMalformed},
		"more fields than bytes":  {[]byte{1, 0, 1, 1, 'k', 128, 1, 200, 1, 'f', 2, 0}, ErrMalformed},
		"a score that is none":    {[]byte{1, 0, 1, 1, 'k', 128, 4, 1, 1, 'm', 2, 1, '5'}, ErrMalformed},
		"a newer third flag":      {[]byte{1, 0, 1, 1, 'k', 128, 128, 128}, ErrUnknownUpdate},
		"no third flags":          {[]byte{1, 0, 1, 1, 'k', 128, 128, 0}, ErrMalformed},
		"an element nowhere":      {[]byte{1, 0, 1, 1, 'k', 128, 128, 1, 1, 1, 2, 2, 0}, ErrMalformed},
		"fractions, and none":     {[]byte{1, 32, 0}, ErrMalformed},
		"namespaces, and none":    {[]byte{1, 64, 1, 1, 'k', 2, 0}, ErrMalformed},
		"a key in no namespace":   {[]byte{1, 64, 1, 4, 0xff, 1, ' ', 'k', 2, 0}, ErrMalformed},
		"a name that is cut":      {[]byte{1, 64, 1, 2, 0xff, 1, 2, 0}, ErrMalformed},
		"a mark without need":     {[]byte{1, 64, 2, 3, 0xff, 0, 'k', 2, 0, 3, 0xff, 1, 'a', 2, 0}, ErrMalformed},
		"nothing":                 {nil, ErrMalformed},
		"half":                    {[]byte{1}, ErrMalformed},
	} {
		if _, err := DecodeUpdate(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
