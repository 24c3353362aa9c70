package crdt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"

	"pgregory.net/rapid"
)

// place is a node of the tree that positions encode, as a twin that knows nothing of bytes.
type place struct {
	name      string
	left      bool
	run, self Tag // self.Dot with index names the element
	index     uint64
	below     []*place
}

// inOrder visits a node between what stands left and right of it.
func (p *place) inOrder(visit func(*place)) {
	slices.SortFunc(p.below, comparePlaces)
	for _, c := range p.below {
		if c.left {
			c.inOrder(visit)
		}
	}
	visit(p)
	for _, c := range p.below {
		if !c.left {
			c.inOrder(visit)
		}
	}
}

func comparePlaces(a, b *place) int {
	c := cmp.Or(
		cmp.Compare(a.run.Time, b.run.Time), cmp.Compare(a.run.Dot.Origin, b.run.Dot.Origin),
		cmp.Compare(a.self.Dot.Seq, b.self.Dot.Seq), cmp.Compare(a.index, b.index),
	)
	switch {
	case a.left && b.left:
		return -c
	case a.left:
		return -1
	case b.left:
		return 1
	default:
		return c
	}
}

// twinTree is every element that was ever inserted anywhere, by its position.
type twinTree struct {
	root *place
	at   map[string]*place
	up   map[*place]*place
}

// note adds an element as its writer meant it: the position names the parent.
func (tr *twinTree) note(p Position, name string) error {
	path, err := p.path()
	if err != nil {
		return err
	}
	leaf := path[len(path)-1]
	parent := tr.root
	if len(path) > 1 {
		parent = tr.at[string(append(bytes.Clone(p[:leaf.at]), markEnd))]
	}
	if parent == nil {
		return fmt.Errorf("%x has no parent", p)
	}
	n := &place{name: name, left: leaf.left, run: Tag{clock.Dot{Origin: leaf.dot.Origin}, leaf.time}, self: Tag{Dot: leaf.dot}, index: leaf.index}
	if tr.at[string(p)] != nil {
		return fmt.Errorf("%x is taken twice", p)
	}
	parent.below = append(parent.below, n)
	tr.at[string(p)], tr.up[n] = n, parent
	return nil
}

// writer is a replica of a list in this test: it sees what it is shown, and removes what it
// likes.
type writer struct {
	origin  clock.Origin
	seq     clock.Seq
	time    clock.Timestamp
	visible []Position // ascending
	seen    map[string]bool
	lost    map[string]bool // removed here or elsewhere
}

func (w *writer) insert(t *rapid.T, p Position) {
	at, found := slices.BinarySearchFunc(w.visible, p, func(a, b Position) int { return bytes.Compare(a, b) })
	if found {
		t.Fatalf("%x is taken", p)
	}
	w.visible, w.seen[string(p)] = slices.Insert(w.visible, at, p), true
}

func (w *writer) next() Insertion {
	w.seq++
	w.time++
	return Insertion{Tag: Tag{clock.Dot{Origin: w.origin, Seq: w.seq}, w.time}}
}

// act inserts, in one update, one to three elements that follow each other.
func (w *writer) act(t *rapid.T) (made []Position) {
	x := w.next()
	n := rapid.IntRange(1, 3).Draw(t, "n")
	gap := rapid.IntRange(0, len(w.visible)).Draw(t, "gap")
	kind := rapid.SampledFrom([]string{"back", "back", "front", "between"}).Draw(t, "kind")
	for range n {
		var left, right Position
		if gap > 0 {
			left = w.visible[gap-1]
		}
		if gap < len(w.visible) {
			right = w.visible[gap]
		}
		var p Position
		var err error
		switch kind {
		case "back":
			left, right = nil, nil
			if k := len(w.visible); k > 0 {
				left = w.visible[k-1]
			}
			p, err = x.Back(left)
		case "front":
			left, right = nil, nil
			if len(w.visible) > 0 {
				right = w.visible[0]
			}
			p, err = x.Front(right)
		default:
			p, err = x.Between(left, right)
			gap++
		}
		if err != nil || !p.within(left, right) {
			t.Fatalf("%s of %x and %x: %x, %v", kind, left, right, p, err)
		}
		x.Index++
		w.insert(t, p)
		made = append(made, p)
	}
	return made
}

// The order of the bytes is the order of the tree, whatever is inserted, removed and
// delivered in between.
func TestPositionsAreOrderedAsTheTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := twinTree{root: &place{}, at: map[string]*place{}, up: map[*place]*place{}}
		var writers []*writer
		for i := range 3 {
			writers = append(writers, &writer{origin: clock.Origin(0x100 * (3 - i)), seen: map[string]bool{}, lost: map[string]bool{}})
		}
		var all []Position
		for step := range rapid.IntRange(1, 30).Draw(t, "steps") {
			w := writers[rapid.IntRange(0, 2).Draw(t, "who")]
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0: // all of another's
				o := writers[rapid.IntRange(0, 2).Draw(t, "whom")]
				for p := range o.seen {
					if !w.seen[p] && !o.lost[p] {
						w.insert(t, Position(p))
					}
					w.seen[p] = true
				}
				w.time = max(w.time, o.time)
			case 1:
				if len(w.visible) > 0 {
					at := rapid.IntRange(0, len(w.visible)-1).Draw(t, "remove")
					w.lost[string(w.visible[at])] = true
					w.visible = slices.Delete(w.visible, at, at+1)
				}
			default:
				w.time += clock.Timestamp(rapid.IntRange(0, 3).Draw(t, "pause"))
				for i, p := range w.act(t) {
					if err := tree.note(p, fmt.Sprint(step, i)); err != nil {
						t.Fatal(err)
					}
					all = append(all, p)
				}
			}
		}
		var want []*place
		tree.root.inOrder(func(p *place) {
			if p != tree.root {
				want = append(want, p)
			}
		})
		slices.SortFunc(all, func(a, b Position) int { return bytes.Compare(a, b) })
		for i, p := range all {
			if tree.at[string(p)] != want[i] {
				t.Fatalf("element %d is %s by its bytes, %s in the tree", i, tree.at[string(p)].name, want[i].name)
			}
		}
	})
}

// Writers that have seen the same list and then go on apart, each at one place: whatever
// each wrote stays together.
func TestRunsNeverInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var base []Position
		first := writer{origin: 0x50, seen: map[string]bool{}}
		for range rapid.IntRange(0, 4).Draw(t, "base") {
			first.act(t)
		}
		base = first.visible
		gap := rapid.IntRange(0, len(base)).Draw(t, "gap")
		kind := rapid.SampledFrom([]string{"back", "front", "forward", "backward"}).Draw(t, "kind")
		type element struct {
			at  Position
			who clock.Origin
		}
		var all []element
		for i := range 3 {
			w := writer{origin: clock.Origin(0x100 + i), time: first.time}
			var left, right Position
			if gap > 0 {
				left = base[gap-1]
			}
			if gap < len(base) {
				right = base[gap]
			}
			front, back := base, base
			for range rapid.IntRange(1, 5).Draw(t, "length") {
				w.time += clock.Timestamp(rapid.IntRange(0, 4).Draw(t, "pause"))
				x := w.next()
				var p Position
				switch kind {
				case "back":
					p = must(x.Back(lastOf(back)))
					back = append(slices.Clone(back), p)
				case "front":
					p = must(x.Front(firstOf(front)))
					front = append([]Position{p}, front...)
				case "forward":
					p = must(x.Between(left, right))
					left = p
				default:
					p = must(x.Between(left, right))
					right = p
				}
				all = append(all, element{p, w.origin})
			}
		}
		slices.SortFunc(all, func(a, b element) int { return bytes.Compare(a.at, b.at) })
		var who []clock.Origin
		for _, e := range all {
			who = append(who, e.who)
		}
		who = slices.Compact(who)
		if len(who) != 3 {
			t.Fatalf("%s: %x", kind, who)
		}
	})
}

func firstOf(list []Position) Position {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func lastOf(list []Position) Position {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// Each place, and what may be inserted there: by whom, and where that goes.
func TestPositionTable(t *testing.T) {
	a1 := Insertion{Tag: tag(originA, 1, 10)}
	a2, b1 := Insertion{Tag: tag(originA, 2, 30)}, Insertion{Tag: tag(originB, 1, 20)}
	back, front := must(a1.Back(nil)), must(a1.Front(nil))
	child := must(b1.Between(back, nil))
	for name, c := range map[string]struct {
		got   Position
		shape string // sides, and the times of the runs
	}{
		"a push to nothing":                               {back, "R10"},
		"a push to the front of nothing":                  {front, "L10"},
		"a push behind one's own":                         {must(a2.Back(back)), "R10"},
		"a push before one's own":                         {must(a2.Front(front)), "L10"},
		"a push behind another's":                         {must(b1.Back(back)), "R20"},
		"a push behind what began in front":               {must(a2.Back(front)), "R30"},
		"a push behind what another put behind one's own": {must(a2.Back(child)), "R10"},
		"behind the last":                                 {child, "R10 R20"},
		"behind one's own last":                           {must(a2.Between(back, nil)), "R10"},
		"before the first":                                {must(b1.Between(nil, back)), "R10 L20"},
		"between neighbours of one level":                 {must(b1.Between(front, back)), "L10 R20"},
		"before a child":                                  {must(a2.Between(back, child)), "R10 R20 L30"},
		"with a clock that is behind":                     {must(Insertion{Tag: tag(originC, 1, 5)}.Back(back)), "R10 R5"},
		"in front, with a clock behind":                   {must(Insertion{Tag: tag(originC, 1, 5)}.Front(front)), "L10 L5"},
	} {
		var shape []string
		path, err := c.got.path()
		for _, s := range path {
			side := "R"
			if s.left {
				side = "L"
			}
			shape = append(shape, fmt.Sprint(side, uint64(s.time)))
		}
		if got := strings.Join(shape, " "); got != c.shape || err != nil {
			t.Errorf("%s: %s %v, want %s", name, got, err, c.shape)
		}
	}
}

func TestPositionsAreRefused(t *testing.T) {
	good := must(Insertion{Tag{dot(0x11, 300), 9}, 70000}.Front(nil))
	again := func(b []byte) ([]byte, error) { return b, CheckName(TypeList, b) }
	if _, err := again(good); err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, err := again(good[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	longer := bytes.Replace(must(Insertion{Tag: tag(1, 1, 9)}.Back(nil)), []byte{1, 1}, []byte{2, 0, 1}, 1)
	for name, p := range map[string][]byte{
		"nothing":                      {},
		"an end alone":                 {markEnd},
		"something behind the end":     append(bytes.Clone(good), markEnd),
		"another mark":                 append([]byte{7}, good[1:]...),
		"a number in a longer form":    longer,
		"a run of no stamp":            append(append([]byte{markRight}, make([]byte, 8)...), back9()...),
		"more than the greatest depth": deep(),
	} {
		if err := CheckName(TypeList, p); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := (Insertion{Tag: tag(1, 1, 1)}).Back(p); len(p) > 0 && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: a push behind it: %v", name, err)
		}
		if _, err := (Insertion{Tag: tag(1, 1, 1)}).Between(nil, p); len(p) > 0 && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: an insertion before it: %v", name, err)
		}
	}
	if err := CheckName(TypeHash, nil); err != nil {
		t.Errorf("a field of any name: %v", err)
	}
}

func back9() []byte { return must(Insertion{Tag: tag(1, 1, 9)}.Back(nil))[9:] }

// deep returns a position that is too long.
func deep() Position {
	one := must(Insertion{Tag: tag(1, 1, 9)}.Back(nil))
	p := bytes.Repeat(one[:len(one)-1], PositionMax/(len(one)-1)+1)
	return append(p, markEnd)
}

// Nothing is inserted where there is no room, and pushes need none.
func TestThereIsAnEndToDepth(t *testing.T) {
	one := must(Insertion{Tag: tag(1, 1, 9)}.Back(nil))
	full := append(bytes.Repeat(one[:len(one)-1], PositionMax/(len(one)-1)), markEnd)
	x := Insertion{Tag: tag(2, 1, 10)}
	if _, err := x.Between(full, nil); !errors.Is(err, ErrTooDeep) {
		t.Errorf("an insertion: %v", err)
	}
	if p, err := x.Back(full); err != nil || len(p) > 32 {
		t.Errorf("a push: %d bytes, %v", len(p), err)
	}
}

// A writer may insert in its own name only, and only what was not there.
func TestItemsOfOthersAreRefused(t *testing.T) {
	own, other := dot(0x11, 3), dot(0x22, 3)
	at := func(d clock.Dot) Position { return must(Insertion{Tag: Tag{d, 9}}.Back(nil)) }
	for name, c := range map[string]struct {
		at   Position
		edit Edit
		good bool
	}{
		"an insertion":                      {at(own), Edit{Assign: true}, true},
		"an insertion that removes":         {at(own), Edit{Clear: true, Assign: true}, false},
		"a removal of what it inserts":      {at(own), Edit{Clear: true}, false},
		"an assignment of another's":        {at(other), Edit{Clear: true, Assign: true}, true},
		"an insertion in another's name":    {at(other), Edit{Assign: true}, false},
		"a removal of another's":            {at(other), Edit{Clear: true}, true},
		"a removal of an earlier one":       {at(dot(0x11, 2)), Edit{Clear: true}, true},
		"a removal of a later one":          {at(dot(0x11, 4)), Edit{Clear: true}, false},
		"an insertion in an earlier's name": {at(dot(0x11, 2)), Edit{Assign: true}, false},
	} {
		u := Update{Changes: []Change{{Key: []byte("l"), Items: []FieldChange{{c.at, c.edit}}}}}
		back, err := DecodeUpdate(u.Append(nil))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := back.Check(own); (err == nil) != c.good || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, e := range map[string]Edit{
		"an increment": {Increment: &Increment{Base: 1}},
		"a floor":      {Clear: true, Floors: []Floor{{Origin: 1, Seq: 1}}},
	} {
		u := Update{Changes: []Change{{Key: []byte("l"), Items: []FieldChange{{at(own), e}}}}}
		if _, err := DecodeUpdate(u.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	counted := Field{Counter: Counter{Shards: []Shard{{Origin: 1, Seq: 1, Time: 1, Base: 1}}}}
	if _, err := DecodeItem(counted.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Errorf("an element with a counter: %v", err)
	}
}
