package crdttest

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/atollkv/atoll/crdt"
)

// Op is one update of the specification: what it did, its stamp, and the ids of the
// updates it had seen.
type Op struct {
	ID    int
	Kind  string  // set, del, incr, fincr, sadd, srem, hset, hincr, hdel, hexpire, expire, zadd, zincr, zrem, void, lset, lrem, bcreate, badd, bgrant, pfadd, xadd, xdel, gput, gdrop
	Value string  // set, sadd, srem, hset, lset; the bound of bcreate; what xadd and gput write
	Field string  // hset, hincr, hdel, hexpire; the member of zadd, zincr, zrem; the position of lset, lrem; which bounded counter; the register of pfadd; the name of xadd, xdel, gput, gdrop
	Delta int64   // incr, hincr; bcreate (above the bound), badd (negative for a spend); the rank of pfadd
	Score float64 // zadd, zincr, fincr
	// Cells are those of groups that gput and gdrop change, by name: what is written, "" where they are deleted.
	Cells map[string]string
	// Once is what the client calls the operation, if it does.
	Once string
	// Voids is, of a void, the id of the increment that does not count.
	Voids int
	// Given are the entries, by name, that a delivery to a group gave.
	Given []string
	// Stream is what xadd, xdel and gput write to the mark.
	Stream crdt.StreamState
	Time   uint64
	Origin uint64
	Saw    map[int]bool
	// Until is the deadline that an expire or hexpire sets, or a set or hset; 0 is never.
	Until int64
	// What follows from what the writer saw, see Prepare.
	Clears      bool // the key had ended: the update deletes first what was there
	ClearsField bool // the field had ended, likewise
	Rest        bool // of an expire or hexpire: there was more than values
	Empties     bool // nothing was left of the key
	// Reaps says of an hdel that a node does it by itself, with a field that has ended: the key stays until the last one goes.
	Reaps bool
}

// View is what a reader sees of a key.
type View struct {
	Type     string
	Value    string
	Sum      string
	Siblings []string
	Members  []string
	Fields   []string // as FieldView has them
	Scores   []string // as ScoreView has them, by member
	Items    []string // as ItemView has them, by position
	Bounded  string   // as BoundedView has it
	Ranks    []string // as RankView has them, by register
	Stream   []string // as EntryView has them, by name
	Groups   []string // as ItemView has them, by name
	// Until is when the key ends, Ends when each sibling does, Rest the rest; 0 is never. Timed: deadlines
	// are there, be they Never.
	Until, Rest int64
	Ends        []int64
	Timed       bool
}

func (v View) String() string {
	return fmt.Sprintf("type=%s value=%q sum=%s siblings=%q members=%q fields=%v scores=%v items=%v bounded=%s ranks=%v stream=%q groups=%q until=%d ends=%v rest=%d timed=%v",
		v.Type, v.Value, v.Sum, v.Siblings, v.Members, v.Fields, v.Scores, v.Items, v.Bounded, v.Ranks, v.Stream, v.Groups, v.Until, v.Ends, v.Rest, v.Timed)
}

// Spec returns the view that the rules give for a set of visible updates, by nothing
// but their happens-before relation and stamps.
func Spec(visible []Op) View { return SpecAt(visible, 0) }

// SpecAt is Spec at a time in Unix milliseconds: fields that have ended by then are not there.
func SpecAt(visible []Op, now int64) View {
	v := View{Type: "none"}
	visible = withoutVoid(visible)
	incrs := slices.Concat(surviving(visible, "incr", clears), surviving(visible, "fincr", clears))
	text := textOf(surviving(visible, "set", clears), incrs)
	v.Siblings, v.Sum, v.Value = text.siblings, text.sum.RatString(), text.value
	for _, add := range surviving(visible, "sadd", removesMember) {
		v.Members = append(v.Members, add.Value)
	}
	slices.Sort(v.Members)
	v.Members = slices.Compact(v.Members)
	v.Fields, v.Scores, v.Items = specFields(visible, now), specScores(visible), specItems(visible)
	v.Bounded, v.Ranks, v.Stream = specBounded(visible), specRanks(visible), specStream(visible)
	v.Groups = specGroups(visible)
	v.Type = shownType(visible, text.newest, v)
	specExpiry(&v, visible)
	return v
}

// text is what the writes and increments that survive amount to.
type text struct {
	siblings []string
	sum      *big.Rat
	value    string
	newest   *Op
}

func textOf(sets, incrs []Op) text {
	t := text{sum: sumOf(incrs), newest: newest(slices.Concat(sets, incrs))}
	slices.SortFunc(sets, func(a, b Op) int { return newer(a, b) })
	for _, o := range sets {
		t.siblings = append(t.siblings, o.Value)
	}
	t.value = shownValue(sets, incrs, t.sum)
	return t
}

func sumOf(incrs []Op) *big.Rat {
	sum := new(big.Rat)
	for _, o := range incrs {
		sum.Add(sum, new(big.Rat).SetInt64(o.Delta))
		sum.Add(sum, new(big.Rat).SetFloat64(o.Score))
	}
	return sum
}

// specScores returns the scores that the rules give: that of the last ZADD, and what was
// added that it had not seen, rounded once.
func specScores(visible []Op) (out []string) {
	for _, name := range namesOf(visible) {
		other := func(o Op) bool { return o.Field != name }
		adds := slices.DeleteFunc(surviving(visible, "zadd", removesScore), other)
		incrs := slices.DeleteFunc(surviving(visible, "zincr", removesScore), other)
		base := 0.0
		if o := newest(adds); o != nil {
			base = o.Score
		}
		sum := sumOf(incrs)
		switch {
		case len(adds)+len(incrs) == 0:
			continue
		case !math.IsInf(base, 0):
			base, _ = sum.Add(sum, new(big.Rat).SetFloat64(base)).Float64()
		}
		out = append(out, scoreText(name, base+0))
	}
	return out
}

func namesOf(visible []Op) (names []string) {
	for _, o := range visible {
		names = append(names, o.Field)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// removesScore: a ZADD of a member, or its removal, removes what it had seen of it.
func removesScore(o, later Op) bool {
	return clears(o, later) || (later.Kind == "zadd" || later.Kind == "zrem") && later.Field == o.Field
}

// specItems returns the elements of the list that the rules give, in the order of their
// positions. An insertion is an assignment of what nobody has seen.
func specItems(visible []Op) (out []string) {
	for _, at := range namesOf(visible) {
		sets := slices.DeleteFunc(surviving(visible, "lset", removesItem), func(o Op) bool { return o.Field != at })
		if len(sets) > 0 {
			out = append(out, itemText(at, textOf(sets, nil).siblings))
		}
	}
	return out
}

// removesItem: an assignment of an element, or its removal, removes what it had seen of it.
func removesItem(o, later Op) bool {
	return clears(o, later) || (later.Kind == "lset" || later.Kind == "lrem") && later.Field == o.Field
}

// specFields returns the fields that the rules give at a time.
func specFields(visible []Op, now int64) (out []string) {
	for _, name := range namesOf(visible) {
		if FieldGone(visible, name, now) {
			continue
		}
		other := func(o Op) bool { return o.Field != name }
		sets := slices.DeleteFunc(surviving(visible, "hset", removesField), other)
		incrs := slices.DeleteFunc(surviving(visible, "hincr", removesField), other)
		if len(sets)+len(incrs) > 0 {
			t := textOf(sets, incrs)
			out = append(out, fieldText(name, t.value, t.siblings, t.sum.RatString(), specFieldEnds(visible, name)))
		}
	}
	return out
}

// clears: a SET or DEL removes everything that it had seen, and so does any write of a key that had ended.
func clears(_, later Op) bool {
	return later.Kind == "set" || later.Kind == "del" || later.Kind == "bcreate" || later.Clears
}

func removesMember(add, later Op) bool {
	return clears(add, later) || later.Kind == "srem" && later.Value == add.Value
}

// removesField: a write of a field, or its deletion, removes what it had seen of it.
func removesField(o, later Op) bool {
	return clears(o, later) || (later.Kind == "hset" || later.Kind == "hdel" || later.ClearsField) && later.Field == o.Field
}

// surviving returns the updates of a kind that no visible later update has removed.
func surviving(visible []Op, kind string, removes func(o, later Op) bool) []Op {
	var out []Op
	for _, o := range visible {
		if o.Kind == kind && !slices.ContainsFunc(visible, func(l Op) bool { return l.Saw[o.ID] && removes(o, l) }) {
			out = append(out, o)
		}
	}
	return out
}

func shownValue(sets, incrs []Op, sum *big.Rat) string {
	switch {
	case len(sets) == 0 && len(incrs) == 0:
		return ""
	case len(incrs) == 0:
		return sets[0].Value
	case len(sets) > 0:
		base, err := strconv.ParseInt(sets[0].Value, 10, 64)
		if err != nil {
			return sets[0].Value
		}
		sum = new(big.Rat).Add(sum, new(big.Rat).SetInt64(base))
	}
	if sum.IsInt() {
		return sum.RatString()
	}
	return strings.TrimRight(sum.FloatString(17), "0")
}

// claims returns the newest surviving claim of a type: by writes of some kinds, which removals of another
// kind take when they leave nothing; "" is none. An update may be of no kind: one that only clears a key that had ended.
func claims(visible []Op, removal string, gone func(o, later Op) bool, kinds ...string) *Op {
	var list []Op
	for _, kind := range kinds {
		list = append(list, surviving(visible, kind, func(_, later Op) bool {
			return clears(later, later) || removal != "" && later.Kind == removal && emptied(visible, later, gone, kinds)
		})...)
	}
	return newest(list)
}

func setClaim(visible []Op) *Op { return claims(visible, "srem", removesMember, "sadd") }

var hashWrites = []string{"hset", "hincr"}

func hashClaim(visible []Op) *Op { return claims(visible, "hdel", removesField, hashWrites...) }

func listClaim(visible []Op) *Op { return claims(visible, "lrem", removesItem, "lset") }

func scoreClaim(visible []Op) *Op { return claims(visible, "zrem", removesScore, "zadd", "zincr") }

func shownType(visible []Op, text *Op, v View) string {
	shown, best := "none", (*Op)(nil)
	offer := func(kind string, o *Op) {
		if o != nil && (best == nil || newer(*o, *best) < 0) {
			shown, best = kind, o
		}
	}
	offer("string", text)
	if len(v.Members) > 0 {
		offer("set", setClaim(visible))
	}
	if len(v.Scores) > 0 {
		offer("zset", scoreClaim(visible))
	}
	if len(v.Items) > 0 {
		offer("list", listClaim(visible))
	}
	if len(v.Stream) > 0 {
		offer("stream", streamClaim(visible))
	}
	if len(v.Ranks) > 0 {
		offer("hyperloglog", sketchClaim(visible))
	}
	if v.Bounded != "" {
		offer("bcounter", boundedClaim(visible))
	}
	if len(v.Fields) > 0 {
		offer("hash", hashClaim(visible))
	}
	return shown
}

// emptied reports whether the remove o left its writer's collection empty.
func emptied(all []Op, o Op, gone func(o, later Op) bool, kinds []string) bool {
	var past []Op
	for _, p := range all {
		if o.Saw[p.ID] || p.ID == o.ID {
			past = append(past, p)
		}
	}
	return !slices.ContainsFunc(kinds, func(kind string) bool { return len(surviving(past, kind, gone)) > 0 })
}

func newest(ops []Op) *Op {
	if len(ops) == 0 {
		return nil
	}
	best := slices.MinFunc(ops, newer)
	return &best
}

// newer orders by descending stamp.
func newer(a, b Op) int {
	if a.Time != b.Time {
		return cmp.Compare(b.Time, a.Time)
	}
	return cmp.Compare(b.Origin, a.Origin)
}
