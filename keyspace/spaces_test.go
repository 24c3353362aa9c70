package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// spaces are namespaces whose keys would be taken for each other's most easily.
var spaces = []namespace.Name{namespace.Default, "3", "orders", "order"}

// someSpace is the default namespace in half of the cases.
func someSpace(rng *rand.Rand) namespace.Name {
	return spaces[max(0, rng.IntN(2*len(spaces)-1)-len(spaces)+1)]
}

func in(n namespace.Name, cmd keyspace.Command) keyspace.Command { return keyspace.InNamespace(n, cmd) }

// anyCommand is a command of any type.
func anyCommand(rng *rand.Rand) keyspace.Command {
	key := b([]string{"k", "l", "\xffk", "\xff\x06ordersk"}[rng.IntN(4)])
	other := b([]string{"k", "l"}[rng.IntN(2)])
	x := fmt.Appendf(nil, "%c", 'x'+rng.IntN(3))
	switch rng.IntN(24) {
	case 0:
		return command.Push{Key: key, To: []keyspace.End{keyspace.Front, keyspace.Back}[rng.IntN(2)], Values: [][]byte{x, b("y")}}
	case 1:
		return command.Pop{Key: key, Count: 1}
	case 2:
		return command.LRange{Key: key, Stop: -1}
	case 3:
		return command.PFAdd{Key: key, Elements: [][]byte{x}}
	case 4:
		return command.PFCount{List: [][]byte{key, other}}
	case 5:
		return command.Rename{From: key, To: other}
	case 6:
		return command.Copy{From: key, To: other, Replace: true}
	case 7:
		return command.Expire{Key: key, Life: command.Lifetime{As: command.EndsIn, Millis: 20}}
	case 8:
		return command.TTL{Key: key}
	case 9:
		return command.Types{List: [][]byte{key, other}}
	case 10:
		return command.SCombineStore{Into: key, As: command.Union, List: [][]byte{key, other}}
	case 11:
		return command.XLen{Key: key}
	case 12:
		return command.Append{Key: key, Value: x, Max: 100}
	case 13:
		return command.MGet{List: [][]byte{key, other}}
	case 14:
		return command.SMove{From: key, To: other, Member: x}
	default:
		return someCommand(rng, string(key))
	}
}

// Law: a namespace behaves as a store of its own does. Each command in one of several namespaces of a region has the
// reply that it has at a region that has only this namespace, as its default one.
func TestANamespaceIsAStoreOfItsOwn(t *testing.T) {
	for seed := range histories(60) {
		rng := rand.New(rand.NewPCG(seed, 73))
		all := newRegion(0x1000)
		apart := map[namespace.Name]*region{}
		for _, n := range spaces {
			apart[n] = newRegion(0x1000)
		}
		for i := range 120 {
			n, cmd := someSpace(rng), anyCommand(rng)
			got, _, err := all.Execute([]keyspace.Command{in(n, cmd)})
			want, _, wantErr := apart[n].Execute([]keyspace.Command{cmd})
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, %d: %T%+v in %v: %+v %v, alone %+v %v", seed, i, cmd, cmd, n, got, err, want, wantErr)
			}
			tickAll(t, rng.IntN(8), all, slices.Collect(mapsValues(apart)))
		}
		for _, n := range spaces {
			if got, want := all.keysIn(t, n), apart[n].keysIn(t, ""); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %v has keys %q, alone %q", seed, n, got, want)
			}
		}
	}
}

func mapsValues(m map[namespace.Name]*region) func(func(*region) bool) {
	return func(yield func(*region) bool) {
		for _, n := range spaces {
			if !yield(m[n]) {
				return
			}
		}
	}
}

// tickAll lets time pass at all alike: it commits, sweeps and deletes what has ended.
func tickAll(t *testing.T, what int, all *region, apart []*region) {
	t.Helper()
	for _, r := range append(apart, all) {
		r.pass(1e6)
		if what < 4 {
			r.commit()
		}
		if what == 0 {
			r.pass(700e6)
			r.reap(t)
			r.sweepAll(t)
		}
	}
}

// keysIn lists the keys of the headers of a namespace, as clients know them.
func (r *region) keysIn(t testing.TB, n namespace.Name) (list []string) {
	r.commit()
	for cell := range r.mem.cells {
		if space, key, rest, err := keyspace.UserKey(b(cell)); cell[0] == store.SpaceData && err == nil && space == n && len(rest) == 0 && keyspace.KindOf(b(cell)) == 0 {
			if r.do(t, in(n, command.Exists{List: [][]byte{key}}))[0].Int == 1 {
				list = append(list, string(key))
			}
		}
	}
	slices.Sort(list)
	return list
}

// Regions that use new names at the same time need no agreement.
func TestNamespacesConverge(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 74))
		regions := three()
		for range 150 {
			r := regions[rng.IntN(3)]
			_, _, _ = r.Execute([]keyspace.Command{in(someSpace(rng), anyCommand(rng)), in(someSpace(rng), anyCommand(rng))})
			if r.commit(); rng.IntN(5) == 0 {
				r.pull(t, regions[rng.IntN(3)])
			}
		}
		if level(t, regions...); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		late := newRegion(0x9000)
		late.takeOver(t, regions[0], 1+rng.IntN(300), func() {})
		for _, n := range spaces {
			for _, key := range []string{"k", "l", "\xffk"} {
				want := regions[0].lookIn(t, n, key)
				for _, r := range append(regions[1:], late) {
					if got := r.lookIn(t, n, key); !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d: %q in %v: %+v, elsewhere %+v", seed, key, n, got, want)
					}
				}
			}
		}
		if late.digest(t).Sum != regions[0].digest(t).Sum {
			t.Fatalf("seed %d: who comes late has other bytes", seed)
		}
	}
}

// lookIn is what a client sees of a key in a namespace.
func (r *region) lookIn(t testing.TB, n namespace.Name, key string) (list []string) {
	t.Helper()
	for _, cmd := range []keyspace.Command{
		command.Types{List: [][]byte{b(key)}}, command.Get{Key: b(key)}, command.SMembers{Key: b(key)}, command.HGetAll{Key: b(key)},
		command.ZScan{Key: b(key)}, command.LRange{Key: b(key), Stop: -1}, command.PFCount{List: [][]byte{b(key)}},
	} {
		x, _, err := r.Execute([]keyspace.Command{in(n, cmd)})
		if err != nil {
			list = append(list, err.Error())
			continue
		}
		list = append(list, fmt.Sprintf("%q %q %v %d", x[0].Value, x[0].List, x[0].Scores, x[0].Int))
	}
	return list
}

func TestDigestsTellNamespacesApart(t *testing.T) {
	sum := func(n namespace.Name, key string) string {
		r := newRegion(0x1000)
		r.do(t, in(n, command.Set{Key: b(key), Value: b("v")}))
		r.commit()
		return fmt.Sprintf("%x", r.digest(t).Sum)
	}
	seen := map[string]string{}
	for _, n := range spaces {
		for _, key := range []string{"k", "\xffk", "\xff\x06ordersk"} {
			what := fmt.Sprintf("%q in %v", key, n)
			if other, found := seen[sum(n, key)]; found {
				t.Errorf("%s and %s have one digest", what, other)
			}
			seen[sum(n, key)] = what
			if again := seen[sum(n, key)]; again != what {
				t.Errorf("%s has two digests", what)
			}
		}
	}
}

// One update of two namespaces becomes visible as a whole.
func TestATransactionOverNamespacesIsOneUpdate(t *testing.T) {
	a, c := newRegion(0x1000), newRegion(0x2000)
	multi := command.Multi{Commands: []keyspace.Command{
		command.Set{Key: b("k"), Value: b("0")}, in("3", command.Set{Key: b("k"), Value: b("3")}), in("orders", command.Incr{Key: b("k"), Delta: 7}),
		in("3", command.Append{Key: b("k"), Value: b("!"), Max: 100}), command.Get{Key: b("k")}, in("orders", command.Get{Key: b("k")}),
	}}
	replies := a.do(t, multi)[0].Replies
	if string(replies[4].Value) != "0" || string(replies[5].Value) != "7" {
		t.Errorf("the transaction reads %q and %q", replies[4].Value, replies[5].Value)
	}
	if a.commit(); a.Head(a.Origin()).Seq != 1 {
		t.Errorf("%d updates", a.Head(a.Origin()).Seq)
	}
	c.pull(t, a)
	for n, want := range map[namespace.Name]string{"": "0", "3": "3!", "orders": "7", "4": ""} {
		if got := c.do(t, in(n, command.Get{Key: b("k")})); string(got[0].Value) != want {
			t.Errorf("GET k in %v: %q, want %q", n, got[0].Value, want)
		}
	}
}

func TestWatchesAndWaitsAreOfANamespace(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	w := &keyspace.Watch{}
	defer w.Close()
	if err := inLoop(t, n, in("3", command.Watch{List: [][]byte{b("k")}, As: w})); err != nil {
		t.Fatal(err)
	}
	if !w.Has("3", b("k")) || w.Has("", b("k")) {
		t.Error("which key is watched?")
	}
	exec := command.Multi{Commands: []keyspace.Command{command.Get{Key: b("k")}}, If: w}
	do(t, n, command.Set{Key: b("k"), Value: b("v")}, in("orders", command.Set{Key: b("k"), Value: b("v")}))
	if err := inLoop(t, n, exec); err != nil {
		t.Errorf("the key of that name in other namespaces has changed: %v", err)
	}
	do(t, n, in("3", command.Set{Key: b("k"), Value: b("v")}))
	if err := inLoop(t, n, exec); !errors.Is(err, command.ErrChanged) {
		t.Errorf("the key has changed: %v", err)
	}

	pop, wait := command.Pop{Key: b("l"), Count: 1}, pops(func() {})
	defer wait.Close()
	if r := do(t, n, in("3", command.Await{Once: pop, Wait: wait})); r[0].Found {
		t.Fatal("something is there")
	}
	do(t, n, command.Push{Key: b("l"), Values: [][]byte{b("no")}})
	do(t, n, in("3", command.Push{Key: b("l"), Values: [][]byte{b("yes")}}))
	r, done, err := wait.Await(context.Background())
	if err != nil || !done || string(r.List[0]) != "yes" {
		t.Errorf("popped %q: %v", r.List, err)
	}
	if left := do(t, n, in("3", command.LLen{Key: b("l")}))[0].Int; left != 0 {
		t.Errorf("%d elements left", left)
	}
}

func TestScansAndSizesAreOfANamespace(t *testing.T) {
	fs := vfs.NewMem()
	n := start(t, fs, "us")
	for i, space := range spaces {
		for j := range 20 + i {
			do(t, n, in(space, command.Set{Key: fmt.Appendf(nil, "%v:%d", space, j), Value: b("v")}))
		}
	}
	do(t, n, in("order", command.Delete{List: [][]byte{b("order:0")}}), in("order", sadd("order:0", "x")), in("order", expire("order:0", 1e9)))
	do(t, n, in("gone", command.Set{Key: b("k"), Value: b("v")}))
	do(t, n, in("gone", command.Delete{List: [][]byte{b("k")}}))
	for i, space := range spaces {
		var keys []string
		for scan := (command.Scan{Limit: 7}); ; {
			r := read(t, n, in(space, scan))
			for _, key := range r.List {
				if keys = append(keys, string(key)); !strings.HasPrefix(string(key), space.String()) {
					t.Errorf("%v has %q", space, key)
				}
			}
			if scan.Cursor = r.Cursor; len(r.Cursor) == 0 {
				break
			}
		}
		if len(keys) != 20+i {
			t.Errorf("%v has %d keys", space, len(keys))
		}
		if r := read(t, n, in(space, command.DBSize{})); r.Int != int64(20+i) {
			t.Errorf("DBSIZE of %v: %d", space, r.Int)
		}
		for seed := range uint64(20) {
			if r := read(t, n, in(space, command.RandomKey{Seed: seed})); !r.Found || !strings.HasPrefix(string(r.Value), space.String()) {
				t.Errorf("RANDOMKEY of %v: %q", space, r.Value)
			}
		}
	}
	list := read(t, n, command.Namespaces{}).Spaces
	if want := "[{default {20 0}} {3 {21 0}} {order {23 1}} {orders {22 0}}]"; fmt.Sprint(list) != want {
		t.Errorf("namespaces %v, want %s", list, want)
	}
}

func TestSizesOfManyNamespacesAreRight(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	name := func(i int) namespace.Name { return namespace.Name(fmt.Sprintf("n%d", i)) }
	for i := range 40 { // more than sizes are kept of
		do(t, n, in(name(i), command.Set{Key: b("k"), Value: b("v")}))
	}
	for round := range 2 {
		for i := range 40 {
			if size, err := n.Size(context.Background(), name(i)); err != nil || size.Keys != int64(1+round) {
				t.Fatalf("%v: %v, %v", name(i), size, err)
			}
			do(t, n, in(name(i), command.Set{Key: fmt.Appendf(nil, "k%d", round), Value: b("v")}))
		}
	}
}

// Who lists more namespaces than numbers are kept of leaves those that are kept.
func TestAListOfManyNamespacesKeepsNumbers(t *testing.T) {
	const kept, all = 32, 50
	n := start(t, vfs.NewMem(), "us")
	for i := range all {
		do(t, n, in(namespace.Name(fmt.Sprintf("s%02d", i)), command.Set{Key: b("k"), Value: b("v")}))
	}
	for i := range kept {
		if size, err := n.Size(t.Context(), namespace.Name(fmt.Sprintf("s%02d", all-1-i))); err != nil || size.Keys != 1 {
			t.Fatal(size, err)
		}
	}
	for range 2 {
		if list := read(t, n, command.Namespaces{}).Spaces; len(list) != all {
			t.Fatalf("%d namespaces of %d", len(list), all)
		}
	}
	list, _, err := n.KnownSpaces(2 * all)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if of := string(x.Name); x.Counted != (of >= fmt.Sprintf("s%02d", all-kept)) {
			t.Errorf("%s is counted: %v", x.Name, x.Counted)
		}
	}
}

func TestEventsConflictsAndHistoryNameTheNamespace(t *testing.T) {
	a, c := newRegion(0x1000), newRegion(0x2000)
	a.NoteEvents()
	a.do(t, in("orders", command.Set{Key: b("k"), Value: b("mine")}))
	c.do(t, in("orders", command.Set{Key: b("k"), Value: b("theirs")}))
	a.commit()
	c.commit()
	a.pull(t, c)
	a.commit()
	events := a.TakeEvents()
	if last := events[len(events)-1]; len(events) != 3 || last.Name != "set" {
		t.Errorf("events %+v", events) // new and set of its own, and set of what came
	}
	for _, e := range events {
		if n, key := namespace.Split(e.Key); n != "orders" || string(key) != "k" {
			t.Errorf("event %s of %q in %v", e.Name, key, n)
		}
	}
	a.KeepConflicts()
	p := a.do(t, in("orders", command.Conflicts{Count: 10}))[0].Conflicts
	if len(p.List) != 1 || p.List[0].Namespace != "orders" || string(p.List[0].Key) != "k" {
		t.Errorf("conflicts %+v", p.List)
	}
	if p := a.do(t, command.Conflicts{Count: 10})[0].Conflicts; len(p.List) != 0 {
		t.Errorf("conflicts in another namespace %+v", p.List)
	}

	n := start(t, vfs.NewMem(), "us")
	do(t, n, in("3", command.Set{Key: b("k"), Value: b("v")}))
	do(t, n, command.Incr{Key: b("k"), Delta: 1})
	for space, want := range map[namespace.Name]string{"": "incremented by 1", "3": "set to a string of 1 byte", "4": ""} {
		var got []string
		for _, u := range read(t, n, in(space, command.History{Key: b("k"), Count: 9})).History.Updates {
			got = append(got, u.Effects...)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("history in %v: %q, want %q", space, got, want)
		}
	}
}

// What is kept aside is issued again in its namespace.
func TestReissuedUpdatesStayInTheirNamespace(t *testing.T) {
	a := newRegion(0x1000)
	a.do(t, in("orders", command.Set{Key: b("k"), Value: b("v")}), in("3", sadd("s", "x")), command.Incr{Key: b("\xffn"), Delta: 2})
	a.commit()
	c := newRegion(0x2000)
	for _, f := range a.frames {
		r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for r.More() {
			rec, err := r.Peek()
			if err != nil {
				t.Fatal(err)
			}
			u, err := crdt.DecodeUpdate(rec.Body)
			if err != nil {
				t.Fatal(err)
			}
			c.do(t, command.Reissue(&u)...)
			r.Advance(rec)
		}
	}
	for _, n := range spaces {
		if got, want := c.keysIn(t, n), a.keysIn(t, n); !slices.Equal(got, want) {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}

// A chunk with cells that are not where they belong is refused.
func TestCellsOfNoNamespaceAreRefused(t *testing.T) {
	a, c := newRegion(0x1000), newRegion(clock.Origin(0x2000))
	a.do(t, in("orders", command.Set{Key: b("k"), Value: b("v")}))
	a.commit()
	s := a.snapshot(t)
	ch, err := s.Next(nil, 1<<20)
	if err != nil || len(ch.Cells) != 1 {
		t.Fatalf("%d cells: %v", len(ch.Cells), err)
	}
	for what, change := range map[string]func(cell []byte){
		"another slot":   func(cell []byte) { cell[13]++ },
		"a bad letter":   func(cell []byte) { cell[7] = ' ' },
		"a shorter name": func(cell []byte) { cell[5]-- },
		"no known form":  func(cell []byte) { cell[4] = 2 },
		"no name":        func(cell []byte) { cell[5] = 0 },
	} {
		c.step(t, keyspace.TransferBegin{Heads: s.Heads()})
		bad := ch
		bad.Cells = []store.Cell{{Key: slices.Clone(ch.Cells[0].Key), Value: ch.Cells[0].Value}}
		change(bad.Cells[0].Key)
		if _, err := c.Transfer(keyspace.TransferChunk{Chunk: bad}); !errors.Is(err, keyspace.ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// counting counts a set of one namespace right after a look at the key of that name in another.
type counting struct {
	in, after namespace.Name
	n         *int64
}

func (counting) Name() string   { return "COUNTING" }
func (counting) Keys() [][]byte { return nil }
func (counting) Writes() bool   { return false }
func (c counting) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	tx.Enter(c.after)
	if _, err = tx.Header(b("k")); err == nil {
		tx.Enter(c.in)
		*c.n, err = tx.Count(b("k"), crdt.TypeSet)
	}
	return r, err
}

// What a transaction remembers of the key it looked at last is of one namespace.
func TestWhatHasEndedInOneNamespaceIsThereInAnother(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, setEx("k", "v", 10), in("3", sadd("k", "x")))
	r.commit()
	r.pass(1e9)
	var n int64
	if r.do(t, counting{"3", "", &n}); n != 1 {
		t.Errorf("%d members", n)
	}
	r.do(t, in("orders", sadd("k", "x")), in("orders", expire("k", 10)))
	r.pass(1e9)
	if r.do(t, counting{"orders", "3", &n}); n != 0 {
		t.Errorf("%d members of what has ended", n)
	}
}

func TestKeysOfEveryNamespaceAreDeletedWhenTheyHaveEnded(t *testing.T) {
	r := newRegion(0x1000)
	for _, n := range spaces {
		r.do(t, in(n, setEx("k", "v", 10)), in(n, setEx("\xffk", "v", 10)))
	}
	r.commit()
	r.pass(1e9)
	if reaped := r.reap(t); len(reaped) != 2*len(spaces) {
		t.Errorf("deleted: %q", reaped)
	}
	if left := r.index(); len(left) > 0 {
		t.Errorf("the index has %x", left)
	}
	for cell := range r.mem.cells {
		if cell[0] == store.SpaceData {
			t.Errorf("left: %x", cell)
		}
	}
}

func TestEveryNamespaceIsSwept(t *testing.T) {
	r := newRegion(0x1000)
	for _, n := range spaces {
		r.do(t, in(n, sadd("s", "x")), in(n, sadd("s", "y")))
		r.do(t, in(n, del("s")))
	}
	r.commit()
	r.sweepAll(t)
	r.commit()
	for cell := range r.mem.cells {
		if cell[0] == store.SpaceData || cell[0] == store.SpaceSweep {
			t.Errorf("left: %x", cell)
		}
	}
}

// What is known of namespaces tells what was counted, and counts nothing.
func TestWhatIsKnownOfNamespaces(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	for _, name := range []namespace.Name{"", "1", "one", "orders"} {
		do(t, n, keyspace.InNamespace(name, command.Set{Key: b("k"), Value: b("v")}))
	}
	known := func(limit int) string {
		t.Helper()
		list, more, err := n.KnownSpaces(limit)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, x := range list {
			out += fmt.Sprintf("%v %d %v, ", x.Name, x.Size.Keys, x.Counted)
		}
		return out + fmt.Sprint(more)
	}
	if got, want := known(4), "default 0 false, 1 0 false, one 0 false, orders 0 false, false"; got != want {
		t.Errorf("before a count: %s, want %s", got, want)
	}
	if _, err := n.Size(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	do(t, n, keyspace.InNamespace("1", command.Set{Key: b("l"), Value: b("v")}))
	if got, want := known(3), "default 0 false, 1 1 true, one 0 false, true"; got != want {
		t.Errorf("after a count: %s, want %s", got, want)
	}
}

// What a region wishes for in a namespace is granted there.
func TestWishesAreGrantedInTheirNamespace(t *testing.T) {
	for _, name := range spaces {
		x, y := newNode("x", 0x1000), newNode("y", 0x2000)
		for _, n := range []namespace.Name{"other", name} {
			x.do(t, in(n, bcreate(0, 10)))
		}
		x.commit()
		y.pull(t, x)
		buy := func() bool {
			reply := y.do(t, in(name, bdecr(1)))[0]
			y.commit()
			return reply.Err == nil
		}
		if buy() {
			t.Fatalf("%v: y has rights already", name)
		}
		x.pull(t, y)
		x.tick(t)
		y.pull(t, x)
		if !buy() {
			t.Errorf("%v: nothing was granted", name)
		}
		rights := func(n namespace.Name) (all int64) {
			for _, a := range x.do(t, in(n, command.BRights{Key: b("stock")}))[0].Accounts {
				if a.Origin == x.Origin() {
					all = a.Rights
				}
			}
			return all
		}
		if rights(name) != 5 || rights("other") != 10 {
			t.Errorf("%v: x has %d rights left, and %d in another namespace", name, rights(name), rights("other"))
		}
	}
}

// What was healed counts as changed, in whatever namespace: digests are made anew.
func TestWhatWasHealedInANamespaceCountsAsChanged(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	x.do(t, in("orders", command.Set{Key: b("k"), Value: b("v")}), command.Set{Key: b("k"), Value: b("v")})
	x.commit()
	y.pull(t, x)
	touched := map[string]bool{}
	y.committed = func(c *store.Commit) {
		for _, cell := range c.Cells {
			if cell.Key[0] == store.SpaceData {
				touched[string(cell.Key)] = true
			}
		}
	}
	var at, of []byte
	for k := range y.mem.cells {
		if n, _, _, err := keyspace.UserKey([]byte(k)); err == nil && k[0] == store.SpaceData {
			if n == "orders" {
				of = []byte(k)
			} else {
				at = []byte(k)
			}
		}
	}
	for _, c := range []struct {
		what string
		cell []byte
		want int
	}{{"the default namespace", at, 1}, {"another namespace", of, keyspace.Slots}} {
		q, _ := y.lose(c.cell, append(slices.Clone(c.cell), 0))
		clear(touched)
		y.healFrom(t, x, q)
		if len(touched) < c.want || len(touched) > c.want+2 {
			t.Errorf("a range of %s was healed: %d slots count as changed, want %d", c.what, len(touched), c.want)
		}
		if got := y.do(t, in("orders", command.Get{Key: b("k")}))[0]; string(got.Value) != "v" {
			t.Errorf("after that there is %q", got.Value)
		}
	}
}
