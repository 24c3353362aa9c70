package keyspace_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// memory is a store that keeps cells in a map.
type memory struct {
	cells map[string][]byte
	heads map[clock.Origin]store.Head
	fail  error
	// damaged tells which keys cannot be read; nil is none.
	damaged func(key string) bool
	scans   int
	steps   int // of iterators
	gets    int
}

func (m *memory) Get(key []byte) ([]byte, error) {
	m.gets++
	if m.damaged != nil && m.damaged(string(key)) {
		return nil, store.ErrCorrupt
	}
	return bytes.Clone(m.cells[string(key)]), m.fail
}

func (m *memory) Iterate(lo, hi []byte) (store.Iterator, error) {
	m.scans++
	it := &memoryIterator{cells: m.cells, at: -1, steps: &m.steps}
	for k := range m.cells {
		if k >= string(lo) && k < string(hi) {
			if m.damaged != nil && m.damaged(k) {
				return nil, store.ErrCorrupt
			}
			it.keys = append(it.keys, k)
		}
	}
	slices.Sort(it.keys)
	return it, m.fail
}

func (m *memory) apply(c *store.Commit) {
	for _, d := range c.Drops {
		maps.DeleteFunc(m.cells, func(k string, _ []byte) bool { return k >= string(d.Lo) && k < string(d.Hi) })
	}
	for _, cell := range c.Cells {
		if cell.Value == nil {
			delete(m.cells, string(cell.Key))
		} else {
			m.cells[string(cell.Key)] = cell.Value
		}
	}
	for _, h := range c.Heads {
		m.heads[h.Origin] = h
	}
	for _, o := range c.Retired {
		delete(m.heads, o)
	}
}

type memoryIterator struct {
	cells map[string][]byte
	keys  []string
	at    int
	steps *int
}

func (it *memoryIterator) move(to int) bool { it.at = to; *it.steps++; return it.Valid() }
func (it *memoryIterator) First() bool      { return it.move(0) }
func (it *memoryIterator) Next() bool       { return it.move(it.at + 1) }
func (it *memoryIterator) Last() bool       { return it.move(len(it.keys) - 1) }
func (it *memoryIterator) Prev() bool       { return it.move(it.at - 1) }
func (it *memoryIterator) SeekGE(key []byte) bool {
	at, _ := slices.BinarySearch(it.keys, string(key))
	return it.move(at)
}
func (it *memoryIterator) Valid() bool   { return it.at >= 0 && it.at < len(it.keys) }
func (it *memoryIterator) Key() []byte   { return []byte(it.keys[it.at]) }
func (it *memoryIterator) Value() []byte { return it.cells[it.keys[it.at]] }
func (it *memoryIterator) Error() error  { return nil }
func (it *memoryIterator) Close() error  { return nil }

// wall is a clock that a test moves.
// wall is a clock that is ahead of others.
type wall struct{ at, ahead time.Duration }

const wallStart = 1_700_000_000 * time.Second

func (w *wall) Read() (int64, time.Duration) {
	return (wallStart + w.at + w.ahead).Milliseconds(), w.at
}

// region is a Core over memory, with the frames that it has committed.
type region struct {
	*keyspace.Core
	hlc    *clock.HLC
	mem    *memory
	wall   *wall
	frames []*oplog.Frame

	committed func(*store.Commit) // told after each commit, unless nil
}

// histories is how many random histories a test plays: a tenth with -short, since the race detector learns nothing of
// regions that one goroutine runs.
func histories(n uint64) uint64 {
	if testing.Short() {
		return n / 10
	}
	return n
}

func newRegion(origin clock.Origin) *region { return newNode("r", origin) }

// newNode returns a node of a region.
func newNode(name string, origin clock.Origin) *region {
	r := &region{mem: &memory{cells: map[string][]byte{}, heads: map[clock.Origin]store.Head{}}, wall: &wall{}}
	r.hlc = clock.NewHLC(r.wall, 0)
	next := origin
	r.Core = keyspace.NewCore(keyspace.CoreConfig{
		Region: name, Node: fmt.Sprint(origin),
		NewOrigin: func() clock.Origin { next++; return next - 1 },
	}, r.mem, nil, r.hlc)
	return r
}

func (r *region) commit() {
	if r.Idle() {
		return
	}
	c := r.Seal()
	r.mem.apply(c)
	r.frames = append(r.frames, c.Frames...)
	if r.committed != nil {
		r.committed(c)
	}
}

func (r *region) do(t testing.TB, cmds ...keyspace.Command) []keyspace.Reply {
	t.Helper()
	replies, _, err := r.Execute(cmds)
	if err != nil {
		t.Fatal(err)
	}
	return replies
}

// pull merges everything that from has committed, as the bytes that travel.
func (r *region) pull(t testing.TB, from *region) {
	t.Helper()
	for _, f := range from.frames {
		if f.Origin == r.Origin() {
			continue
		}
		if err := r.take(t, f); err != nil {
			t.Fatal(err)
		}
	}
	r.commit()
}

// take merges one frame and returns its fate; it fails the test if the frame waits.
func (r *region) take(t testing.TB, f *oplog.Frame) error {
	t.Helper()
	decoded, err := oplog.Decode(f.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	var fate error
	r.Merge(decoded, func(e error) { calls++; fate = e })
	if calls != 1 {
		t.Fatalf("frame %v:%d settled %d times", f.Origin, f.First, calls)
	}
	return fate
}

func (r *region) digest(t testing.TB) keyspace.Digest {
	t.Helper()
	d, err := keyspace.ComputeDigest(r.mem, 0, r.Vector(), crdt.Knowledge{Seen: func(o clock.Origin) crdt.Context {
		h := r.Head(o)
		return crdt.Context{Seen: h.Dep, Self: clock.Dot{Origin: o, Seq: h.Seq}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// look is what a client sees of a key.
type look struct {
	exists   int64
	value    string
	siblings []string
	members  []string
	card     int64
	fields   []string
	length   int64
	scores   []string
	zcard    int64
	err      string
}

func (r *region) look(t testing.TB, key string) look {
	t.Helper()
	var l look
	l.exists = r.do(t, command.Exists{List: [][]byte{b(key)}})[0].Int
	if x, _, err := r.Execute([]keyspace.Command{command.Get{Key: b(key)}}); err != nil {
		l.err = err.Error()
	} else {
		l.value = fmt.Sprint(x[0].Found, string(x[0].Value))
	}
	for _, s := range r.do(t, command.Siblings{Key: b(key)})[0].Siblings {
		l.siblings = append(l.siblings, fmt.Sprint(s.Type, string(s.Value), s.Dot, s.Shown))
	}
	if x, _, err := r.Execute([]keyspace.Command{command.SMembers{Key: b(key)}, command.SCard{Key: b(key)}}); err == nil {
		for _, m := range x[0].List {
			l.members = append(l.members, string(m))
		}
		if l.card = x[1].Int; int(l.card) != len(l.members) {
			t.Fatalf("SCARD %d, SMEMBERS %q", l.card, l.members)
		}
	}
	if x, _, err := r.Execute([]keyspace.Command{command.HGetAll{Key: b(key)}, command.HLen{Key: b(key)}}); err == nil {
		for _, f := range x[0].List {
			l.fields = append(l.fields, string(f))
		}
		if l.length = x[1].Int; 2*int(l.length) != len(l.fields) {
			t.Fatalf("HLEN %d, HGETALL %.200q", l.length, l.fields)
		}
	}
	r.lookScores(t, key, &l)
	return l
}

// lookScores reads a sorted set in four ways, which must agree.
func (r *region) lookScores(t testing.TB, key string, l *look) {
	t.Helper()
	whole := command.Span{Stop: -1}
	x, _, err := r.Execute([]keyspace.Command{
		command.ZRange{Key: b(key), Span: whole}, command.ZScan{Key: b(key)}, command.ZCard{Key: b(key)},
		command.ZRange{Key: b(key), Span: command.Span{Stop: -1, Reverse: true}},
	})
	if err != nil {
		return
	}
	for i, m := range x[0].List {
		l.scores = append(l.scores, fmt.Sprintf("%s=%v", m, x[0].Scores[i]))
	}
	byName := make([]string, 0, len(l.scores))
	for i, m := range x[1].List {
		byName = append(byName, fmt.Sprintf("%s=%v", m, x[1].Scores[i]))
	}
	sorted, back := slices.Sorted(slices.Values(l.scores)), slices.Clone(x[3].List)
	slices.Reverse(back)
	if l.zcard = x[2].Int; int(l.zcard) != len(l.scores) || !slices.Equal(sorted, slices.Sorted(slices.Values(byName))) || !slices.EqualFunc(back, x[0].List, bytes.Equal) {
		t.Fatalf("ZCARD %d, ZRANGE %q, back %q, ZSCAN %q", l.zcard, l.scores, back, byName)
	}
}

func someCommand(rng *rand.Rand, key string) keyspace.Command {
	k := b(key)
	members := func() (list [][]byte) {
		for range 1 + rng.IntN(2) {
			list = append(list, b(string(rune('x'+rng.IntN(3)))))
		}
		return list
	}
	field := b(string(rune('p' + rng.IntN(3))))
	if rng.IntN(3) == 0 {
		return someScore(rng, k, field)
	}
	switch rng.IntN(18) {
	case 0, 1:
		return command.Set{Key: k, Value: b(fmt.Sprint(rng.IntN(100)))}
	case 2, 3, 4:
		return command.Incr{Key: k, Delta: rng.Int64N(9) - 4}
	case 5:
		return command.Delete{List: [][]byte{k}}
	case 6:
		return command.ResetCounter{Key: k}
	case 7, 8, 9:
		return command.SAdd{Key: k, Members: members()}
	case 10:
		return command.SCard{Key: k}
	case 11, 12:
		return command.HSet{Key: k, Fields: []command.FieldValue{{Field: field, Value: b(fmt.Sprint(rng.IntN(100)))}}}
	case 13, 14:
		return command.HIncr{Key: k, Field: field, Delta: rng.Int64N(9) - 4}
	case 15:
		return command.HDel{Key: k, Fields: [][]byte{field, b("p")}}
	case 16:
		return command.HLen{Key: k}
	default:
		return command.SRem{Key: k, Members: members()}
	}
}

func someScore(rng *rand.Rand, k, m []byte) keyspace.Command {
	score := []float64{0, 0.1, -1.5, 2, 2, 1e16, math.Inf(1)}[rng.IntN(7)]
	one := []keyspace.Scored{{Member: m, Score: score}}
	switch rng.IntN(12) {
	case 0, 1, 2:
		return command.ZAdd{Key: k, Members: one}
	case 3, 4, 5:
		return command.ZIncr{Key: k, Member: m, Delta: min(score, 1e300)}
	case 6:
		return command.ZRem{Key: k, Members: [][]byte{m, b("p")}}
	case 7:
		return command.ZPop{List: [][]byte{k}, Max: score > 1, Count: 1}
	case 8:
		return command.ZRange{Key: k, Span: command.Span{Stop: -1, Reverse: score > 1}}
	case 9:
		return command.ZRank{Key: k, Member: m, Reverse: score > 1}
	case 10:
		return command.ZRange{Key: k, Span: command.Span{By: command.ByScore, Min: command.Bound{Score: 0, Open: score > 1}, Max: command.Bound{Score: 2}, Limit: -1}}
	default:
		return command.ZCombineStore{Into: k, ZCombine: command.ZCombine{As: command.Union, List: [][]byte{k, k}}}
	}
}

// What the transaction saw of itself, what its node shows after it, and what a replica
// shows that merged its record must agree, however often one record names a key.
func TestManyCommandsOnOneKeyInOneTransaction(t *testing.T) {
	for seed := range histories(500) {
		playTransactions(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func playTransactions(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 3))
	regions := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
	for range 4 + rng.IntN(12) {
		r := regions[rng.IntN(len(regions))]
		switch rng.IntN(6) {
		case 0, 1:
			r.commit()
			other := regions[rng.IntN(len(regions))]
			other.commit()
			if other != r {
				r.merge(t, other)
			}
		case 2:
			if err := r.Tick(); err != nil {
				t.Fatal(err)
			}
		default:
			r.transact(t, rng)
		}
		r.wall.at += time.Millisecond
		if rng.IntN(2) == 0 {
			r.commit()
		}
	}
	for range 2 {
		for _, r := range regions {
			r.commit()
			for _, o := range regions {
				if o != r {
					o.commit()
					r.merge(t, o)
				}
			}
		}
	}
	first := regions[0]
	for _, r := range regions[1:] {
		if !r.Vector().Equal(first.Vector()) {
			t.Fatalf("vectors %v and %v after all was exchanged", r.Vector(), first.Vector())
		}
		if a, b := r.look(t, "k"), first.look(t, "k"); !reflect.DeepEqual(a, b) {
			t.Errorf("one shows %+v\nanother  %+v", a, b)
		}
		if a, b := r.digest(t), first.digest(t); a.Sum != b.Sum {
			t.Errorf("digests %x and %x at %v", a.Sum[:4], b.Sum[:4], a.Vector)
		}
	}
}

// merge pulls what may be pulled; frames that came early wait.
func (r *region) merge(t *testing.T, from *region) {
	for _, f := range from.frames {
		if f.Origin != r.Origin() {
			r.Merge(f, func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	if rngCommit := len(from.frames)%2 == 0; rngCommit {
		r.commit()
	}
}

// transact runs a transaction of several commands, and compares with a twin that runs
// them one by one.
func (r *region) transact(t *testing.T, rng *rand.Rand) {
	var cmds []keyspace.Command
	for range 1 + rng.IntN(6) {
		cmds = append(cmds, someCommand(rng, "k"))
	}
	r.commit()
	twin := r.twin()
	inside := append(slices.Clone(cmds), command.Exists{List: [][]byte{b("k")}}, command.Siblings{Key: b("k")})
	replies, _, err := r.Execute(inside)
	twinReplies, twinErr := twin.oneByOne(cmds)
	if fmt.Sprint(err) != fmt.Sprint(twinErr) {
		t.Errorf("%v: %v together, %v one by one", cmds, err, twinErr)
	}
	if err != nil {
		return
	}
	if !reflect.DeepEqual(replies[:len(cmds)], twinReplies) {
		t.Errorf("%v: replies %v together, %v one by one", cmds, replies[:len(cmds)], twinReplies)
	}
	l := r.look(t, "k")
	if twinLook := twin.look(t, "k"); l.exists != twinLook.exists || l.value != twinLook.value || !slices.Equal(l.members, twinLook.members) || !slices.Equal(l.fields, twinLook.fields) || !slices.Equal(l.scores, twinLook.scores) {
		t.Errorf("%v: shows %+v together, %+v one by one", cmds, l, twinLook)
	}
	if got := replies[len(cmds)].Int; got != l.exists {
		t.Errorf("%v: EXISTS is %d inside and %d after", cmds, got, l.exists)
	}
	var siblings []string
	for _, s := range replies[len(cmds)+1].Siblings {
		siblings = append(siblings, fmt.Sprint(s.Type, string(s.Value), s.Dot, s.Shown))
	}
	if !slices.Equal(siblings, l.siblings) {
		t.Errorf("%v: siblings %v inside and %v after", cmds, siblings, l.siblings)
	}
}

// twin is a copy of a region that goes its own way; r must have no open batch.
func (r *region) twin() *region {
	c := newRegion(0x9000)
	c.mem = &memory{cells: maps.Clone(r.mem.cells), heads: maps.Clone(r.mem.heads)}
	c.Core = keyspace.NewCore(keyspace.CoreConfig{NewOrigin: func() clock.Origin { return 0x9000 }},
		c.mem, slices.Collect(maps.Values(c.mem.heads)), clock.NewHLC(r.wall, r.hlc.Last()))
	return c
}

func (r *region) oneByOne(cmds []keyspace.Command) (replies []keyspace.Reply, err error) {
	for _, cmd := range cmds {
		one, _, err := r.Execute([]keyspace.Command{cmd})
		if err != nil {
			return nil, err
		}
		replies = append(replies, one[0])
	}
	return replies, nil
}
