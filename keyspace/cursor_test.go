package keyspace_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// follower reads the stream s from a cursor.
type follower struct{ cursor string }

// next reads once, and returns the values; more tells that some may be left.
func (f *follower) next(t testing.TB, r *region, limit int64) (values []string, more bool) {
	t.Helper()
	reply := r.do(t, command.XCursor{Key: b("s"), From: []byte(f.cursor), Limit: limit})[0]
	f.cursor = string(reply.Cursor)
	for _, e := range reply.Entries {
		values = append(values, string(e.Fields[1]))
	}
	if limit > 0 && len(values) > int(limit) {
		t.Fatalf("%d entries, limit %d", len(values), limit)
	}
	return values, reply.Int == 1
}

// rest reads until nothing is left.
func (f *follower) rest(t testing.TB, r *region, limit int64) string {
	t.Helper()
	var all []string
	for {
		values, more := f.next(t, r, limit)
		if all = append(all, values...); !more {
			return strings.Join(all, " ")
		}
	}
}

// reopened is a node as after a restart, with an origin that nobody has used.
func (r *region) reopened(name string, fresh clock.Origin) *region {
	out := &region{mem: r.mem, wall: r.wall, hlc: r.hlc, frames: r.frames}
	var heads []store.Head
	for _, h := range r.mem.heads {
		heads = append(heads, h)
	}
	slices.SortFunc(heads, func(a, b store.Head) int { return int(int64(a.Origin) - int64(b.Origin)) })
	out.Core = keyspace.NewCore(keyspace.CoreConfig{Region: name, Node: "n", NewOrigin: func() clock.Origin { return fresh }}, r.mem, heads, r.hlc)
	return out
}

// A cursor gives what arrives in the order in which it does, whatever its id.
func TestACursorGivesWhatArrivesLate(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	for limit := range int64(3) {
		all, now := &follower{"0"}, &follower{"$"}
		if got, _ := now.next(t, x, 0); got != nil {
			t.Errorf("from now on there is %v already", got)
		}
		x.add(t, 10, "x10")
		now.next(t, x, 1)
		expectGiven(t, "x", all.rest(t, x, limit), "x10")
		y.add(t, 5, "y5")
		y.add(t, 11, "y11")
		y.add(t, 13, "y13")
		x.add(t, 12, "x12")
		x.pull(t, y)
		x.add(t, 14, "x14")
		want := "x12 y5 y11 y13 x14"
		expectGiven(t, "x", all.rest(t, x, limit), want)
		expectGiven(t, "from now on", now.rest(t, x, limit), want)
		expectGiven(t, "x", all.rest(t, x, limit), "")
		x, y = newNode("x", 0x1000), newNode("y", 0x2000)
	}
}

// A reader that goes on elsewhere, after a restart or after a transfer skips nothing; what it has had there it does not get
// again.
func TestACursorGoesOnElsewhere(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	for ms := uint64(2); ms <= 8; ms += 2 {
		x.add(t, ms, fmt.Sprintf("x%d", ms))
	}
	y.add(t, 3, "y3")
	y.add(t, 9, "y9")
	f := &follower{"0"}
	got, more := f.next(t, x, 2)
	expectGiven(t, "x", fmt.Sprint(got, more), "[x2 x4] true")
	y.pull(t, x)
	moved := *f
	expectGiven(t, "y", moved.rest(t, y, 1), "x6 x8 y3 y9")
	expectGiven(t, "back in x", moved.rest(t, x, 1), "")
	z := newNode("z", 0x3000)
	z.takeOver(t, y, 1, func() {})
	moved = *f
	expectGiven(t, "z, which took over state", moved.rest(t, z, 1), "x6 x8 y3 y9")
	expectGiven(t, "x", f.rest(t, x, 0), "x6 x8")
	x = x.reopened("x", 0x1100)
	x.add(t, 20, "x20")
	x.pull(t, y)
	expectGiven(t, "x after a restart", f.rest(t, x, 1), "y3 y9 x20")
}

// A cursor that was given what a node lacks goes on there in the middle of a round, and gives what arrives there then.
func TestACursorThatIsAheadOfANode(t *testing.T) {
	x, y, z := newNode("x", 0x1000), newNode("y", 0x2000), newNode("z", 0x3000)
	z.add(t, 1, "z1")
	x.pull(t, z)
	y.pull(t, z)
	x.add(t, 2, "x2")
	z.add(t, 5, "z5")
	x.pull(t, z)
	f := &follower{"0"}
	got, _ := f.next(t, x, 1)
	expectGiven(t, "x", fmt.Sprint(got), "[z1]")
	expectGiven(t, "y, which has neither", f.rest(t, y, 1), "")
	y.pull(t, z)
	y.pull(t, x)
	expectGiven(t, "y", f.rest(t, y, 1), "z5 x2")
}

// The entries of one update are given one by one, too.
func TestACursorWithinAnUpdate(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	x.add(t, 1, "a")
	f := &follower{"0"}
	expectGiven(t, "x", f.rest(t, x, 0), "a")
	x.add(t, 9, "b")
	y.do(t, xadd(sid(2, 0), "c"), xadd(sid(3, 0), "d"), xadd(sid(4, 0), "e"), xadd(sid(5, 0), "f"), command.XDel{Key: b("s"), IDs: []crdt.StreamID{sid(3, 0)}})
	y.commit()
	x.pull(t, y)
	x.add(t, 10, "g")
	for _, want := range []string{"b", "c", "e", "f", "g"} {
		got, _ := f.next(t, x, 1)
		expectGiven(t, "x", fmt.Sprint(got), "["+want+"]")
	}
	expectGiven(t, "x", f.rest(t, x, 1), "")
}

// What a reader has not seen because the key had another type, or none, it sees when it is there.
func TestACursorDoesNotGoPastWhatIsHidden(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	f := &follower{"0"}
	expectGiven(t, "nothing", f.rest(t, x, 0), "")
	y.add(t, 1, "a")
	x.pass(5 * time.Millisecond)
	x.do(t, command.Set{Key: b("s"), Value: b("v")})
	x.commit()
	x.pull(t, y)
	if _, _, err := x.Execute([]keyspace.Command{command.XCursor{Key: b("s"), From: []byte(f.cursor)}}); !errors.Is(err, keyspace.ErrWrongType) {
		t.Errorf("a string is read: %v", err)
	}
	x, y = newNode("x", 0x1000), newNode("y", 0x2000)
	x.add(t, 1, "a")
	y.pull(t, x)
	x.do(t, command.Expire{Key: b("s"), Life: endsIn(50)})
	x.commit()
	y.do(t, command.Expire{Key: b("s"), Life: endsIn(5000)})
	y.commit()
	x.pass(100 * time.Millisecond)
	f = &follower{"0"}
	expectGiven(t, "a stream that has ended", f.rest(t, x, 0), "")
	x.pull(t, y)
	expectGiven(t, "a stream that has not, as a longer deadline says", f.rest(t, x, 0), "a")
}

func TestWhatIsNoCursor(t *testing.T) {
	x := newNode("x", 0x1000)
	x.add(t, 1, "a")
	f := &follower{"0"}
	f.rest(t, x, 0)
	bad := []string{"", "1", "0-0", "$$", f.cursor[1:], f.cursor[:len(f.cursor)-1], f.cursor + "A", strings.Repeat("A", keyspace.CursorBytesMax+1), "B" + f.cursor[1:]}
	for i := range f.cursor {
		c := []byte(f.cursor)
		if c[i]++; string(c) != f.cursor {
			bad = append(bad, string(c))
		}
	}
	for _, text := range bad {
		if _, _, err := x.Execute([]keyspace.Command{command.XCursor{Key: b("s"), From: []byte(text)}}); !errors.Is(err, keyspace.ErrCursor) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	x.do(t, command.Rename{From: b("s"), To: b("t")})
	x.commit()
	if _, _, err := x.Execute([]keyspace.Command{command.XCursor{Key: b("t"), From: []byte(f.cursor)}}); !errors.Is(err, keyspace.ErrCursor) {
		t.Errorf("the cursor of another stream: %v", err)
	}
}

// A long stream is read in rounds that hold up nobody, and what is remembered is bounded.
func TestACursorOfALongStream(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	const n = 20_000
	for ms := uint64(1); ms <= n; ms++ {
		x.do(t, xadd(sid(2*ms, 0), fmt.Sprint(ms)))
		if ms%500 == 0 {
			x.commit()
		}
	}
	f := &follower{"0"}
	if got := strings.Fields(f.rest(t, x, 0)); len(got) != n {
		t.Fatalf("%d entries, want %d", len(got), n)
	}
	x.add(t, 10*n, "last")
	expectGiven(t, "x", f.rest(t, x, 0), "last")
	old := *f
	for ms := uint64(1); ms <= n; ms++ { // more than are remembered
		y.do(t, xadd(sid(2*ms+1, 0), fmt.Sprint("y", ms)))
		if ms%500 == 0 {
			y.commit()
		}
	}
	x.pull(t, y)
	x.add(t, 11*n, "end")
	if got := strings.Fields(old.rest(t, x, 0)); len(got) != n+1 || got[n] != "end" {
		t.Errorf("%d entries, want %d", len(got), n+1)
	}
}

// Readers that move about among regions that write, are restarted and take over state miss nothing; those that stay get
// nothing twice, either.
func TestCursorsMissNothing(t *testing.T) {
	for seed := range histories(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		fresh := clock.Origin(0x1000)
		var regions []*region
		for i := range 3 {
			fresh += 0x100
			regions = append(regions, newNode(fmt.Sprint("r", i), fresh))
			regions[i].pass(time.Duration(rng.IntN(40)) * time.Millisecond)
		}
		type reader struct {
			follower
			at    int
			stays bool
			got   map[string]int
		}
		var readers []*reader
		for i := range 6 {
			readers = append(readers, &reader{follower{"0"}, i % 3, i < 3, map[string]int{}})
		}
		read := func(f *reader, limit int64) (more bool) {
			values, more := f.next(t, regions[f.at], limit)
			for _, v := range values {
				f.got[v]++
			}
			return more
		}
		for n := range 60 {
			i := rng.IntN(3)
			r := regions[i]
			r.pass(time.Duration(rng.IntN(5)) * time.Millisecond)
			value := fmt.Sprint(n)
			switch rng.IntN(12) {
			case 0, 1, 2:
				r.do(t, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b(value)}})
			case 3:
				r.do(t, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b(value + "a")}}, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b(value + "b")}})
			case 4:
				r.do(t, command.XTrim{Key: b("s"), Trim: command.Trim{By: command.ByLength, MaxLen: int64(rng.IntN(10))}})
			case 5:
				if rng.IntN(8) == 0 {
					r.do(t, command.Delete{List: [][]byte{b("s")}})
				}
			case 6:
				if rng.IntN(3) == 0 {
					r.commit()
					fresh += 0x100
					regions[i] = r.reopened(fmt.Sprint("r", i), fresh)
				}
			case 7:
				if rng.IntN(3) == 0 {
					r.commit()
					from := regions[(i+1+rng.IntN(2))%3]
					from.commit()
					if !from.Vector().LessEq(r.Vector()) {
						r.takeOver(t, from, 1, func() { read(readers[i], int64(rng.IntN(3))) })
					}
				}
			case 8:
				pullSome(t, r, regions[(i+1+rng.IntN(2))%3])
			default:
				f := readers[rng.IntN(len(readers))]
				if !f.stays {
					f.at = rng.IntN(3)
				}
				read(f, int64(rng.IntN(4)))
			}
			if rng.IntN(3) > 0 {
				r.commit()
			}
		}
		for range 3 {
			for i, r := range regions {
				r.commit()
				for d := 1; d < 3; d++ {
					if from := regions[(i+d)%3]; !from.Vector().LessEq(r.Vector()) {
						from.commit()
						r.takeOver(t, from, 1000, func() {})
					}
				}
			}
		}
		for i, f := range readers {
			for read(f, int64(rng.IntN(3))) {
			}
			all := regions[f.at].do(t, command.XRange{Key: b("s"), Last: crdt.MaxStreamID})[0].Entries
			for _, e := range all {
				v := string(e.Fields[1])
				if f.got[v] == 0 {
					t.Fatalf("seed %d: reader %d missed %s", seed, i, v)
				}
				if f.stays && f.got[v] > 1 {
					t.Fatalf("seed %d: reader %d, who stayed, got %s %d times", seed, i, v, f.got[v])
				}
			}
		}
	}
}

// pullSome merges what another region has committed, as far as it can be applied.
func pullSome(t testing.TB, r, from *region) {
	t.Helper()
	for _, f := range from.frames {
		if f.Last() > r.Vector().Get(f.Origin) {
			r.Merge(f, func(error) {})
		}
	}
}

// Readers of acknowledged states get each entry once while others write.
func TestCursorsBesideWriters(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	const writers, each, readers = 4, 300, 3
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for k := range each {
				value := fmt.Sprint(i, " ", k)
				if _, err := n.Execute(t.Context(), command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b(value)}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range readers {
		wg.Go(func() {
			got, from := map[string]bool{}, []byte(keyspace.FromBegin)
			for end := time.Now().Add(time.Minute); len(got) < writers*each; {
				r, err := n.Read(t.Context(), command.XCursor{Key: b("s"), From: from, Limit: int64(7 * i)})
				if err != nil || time.Now().After(end) {
					t.Errorf("reader %d has %d entries: %v", i, len(got), err)
					return
				}
				from = r.Cursor
				for _, e := range r.Entries {
					if value := string(e.Fields[1]); got[value] {
						t.Errorf("reader %d got %s twice", i, value)
					} else {
						got[value] = true
					}
				}
			}
		})
	}
	wg.Wait()
}
