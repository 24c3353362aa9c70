package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// data is a replica in memory: the first two bytes of a key are its slot.
type data struct {
	cells   map[string]string // the value "?" cannot be decoded
	vector  clock.VersionVector
	touched map[int]clock.VersionVector
	ahead   bool
	moved   bool // refuse repairs
}

func newData(n int) *data {
	d := &data{cells: map[string]string{}, touched: map[int]clock.VersionVector{}}
	for i := range n {
		d.cells[keyAt(i*37%slotset.Slots, i)] = fmt.Sprint("value", i)
	}
	return d
}

func keyAt(slot, i int) string {
	return string([]byte{byte(slot >> 8), byte(slot)}) + fmt.Sprint("key", i)
}

func (d *data) clone() *data {
	out := newData(0)
	for k, v := range d.cells {
		out.cells[k] = v
	}
	out.vector = d.vector
	return out
}

func (d *data) Pin() (State, error)     { return &pinned{data: d}, nil }
func (d *data) SlotOf(cell []byte) int  { return int(cell[0])<<8 | int(cell[1]) }
func (d *data) Name(cell []byte) string { return string(cell[2:]) }
func (d *data) Repair(_ context.Context, _ State, fixes []Fix) ([]error, error) {
	out := make([]error, len(fixes))
	for i, f := range fixes {
		switch {
		case d.moved:
			out[i] = errors.New("moved")
		case f.Value == nil:
			delete(d.cells, string(f.Key))
		default:
			d.cells[string(f.Key)] = string(f.Value)
		}
	}
	d.moved = false
	return out, nil
}

type sums struct{ cells, hi, lo uint64 }

type pinned struct {
	*data
	keys    []string
	sums    [slotset.Slots]sums
	damaged slotset.Set
}

func (p *pinned) Vector() clock.VersionVector { return p.vector }
func (p *pinned) Ahead() bool                 { return p.ahead }
func (p *pinned) Close() error                { return nil }
func (p *pinned) Damaged() slotset.Set        { return p.damaged }
func (p *pinned) Unreadable() (s slotset.Set) { return s }
func (p *pinned) Total(which slotset.Set) (a, b, c uint64) {
	for slot := range which.All() {
		x := p.sums[slot]
		a, b, c = a+x.cells, b+x.hi, c+x.lo
	}
	return a, b, c
}
func (p *pinned) Slot(slot int) (a, b, c uint64) {
	return p.sums[slot].cells, p.sums[slot].hi, p.sums[slot].lo
}

func (p *pinned) Summarize(_ context.Context, _ bool, pace func(int) error) error {
	for k, v := range p.cells {
		p.keys = append(p.keys, k)
		slot := p.SlotOf([]byte(k))
		if v == "?" {
			p.damaged.Add(slot)
			continue
		}
		x := uint64(versionOf([]byte(k), []byte(v)))
		p.sums[slot] = sums{p.sums[slot].cells + 1, p.sums[slot].hi + x, p.sums[slot].lo + mix(x)}
	}
	slices.Sort(p.keys)
	if pace != nil {
		return pace(len(p.keys))
	}
	return nil
}

func (p *pinned) Comparable(peer clock.VersionVector) slotset.Set {
	out := slotset.All()
	for slot, v := range p.touched {
		if !v.LessEq(peer) {
			out.Remove(slot)
		}
	}
	return out
}

func (p *pinned) Cells(which slotset.Set, fn func(int, []byte, []byte, error) error) error {
	for slot := range which.All() {
		lo := string([]byte{byte(slot >> 8), byte(slot)})
		i, _ := slices.BinarySearch(p.keys, lo)
		for ; i < len(p.keys) && strings.HasPrefix(p.keys[i], lo); i++ {
			value, problem := []byte(p.cells[p.keys[i]]), error(nil)
			if string(value) == "?" {
				value, problem = nil, errors.New("broken")
			}
			if err := fn(slot, []byte(p.keys[i]), value, problem); err != nil {
				return err
			}
		}
	}
	return nil
}

// mesh is verifiers that talk without a network.
type mesh struct {
	nodes map[string]*Verifier
	data  map[string]*data
	calls atomic.Int64

	absent bool // one more peer is known, and not there
}

func (m *mesh) Dial(_ context.Context, address string) (Conn, error) {
	v := m.nodes[address]
	if v == nil {
		return nil, errors.New("nobody there")
	}
	return &direct{m: m, a: NewAnswerer(v.cfg.Self, v.cfg.Replica)}, nil
}

type direct struct {
	m *mesh
	a *Answerer
}

func (d *direct) Call(ctx context.Context, r Request) (Response, error) {
	d.m.calls.Add(1)
	out, err := d.a.Handle(ctx, r)
	if err == nil {
		err = d.a.Prepare(ctx)
	}
	return out, err
}

func (d *direct) Bytes() (uint64, uint64) { return 0, 0 }
func (d *direct) Close()                  { _ = d.a.Close() }

func newMesh(all map[string]*data) *mesh {
	m := &mesh{nodes: map[string]*Verifier{}, data: all}
	for region, d := range all {
		m.nodes[region] = New(Config{
			Self: Identity{"c", region, "n1"}, Replica: d, Transport: m, Wall: clock.NewSystem(),
			Salt: func() uint64 { return rand.Uint64() },
			Peers: func() (out []Peer) {
				for _, other := range []string{"us", "eu", "ap", "gone"} {
					if other != region && (all[other] != nil || other == "gone" && m.absent) {
						out = append(out, Peer{Region: other, Node: "n1", Address: other})
					}
				}
				return out
			},
		})
	}
	return m
}

func (m *mesh) verify(t *testing.T, region string, o Options) *Report {
	t.Helper()
	r, err := m.nodes[region].Verify(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func three(n int) *mesh {
	d := newData(n)
	return newMesh(map[string]*data{"us": d, "eu": d.clone(), "ap": d.clone()})
}

func (d *data) damage(rng *rand.Rand, k int) {
	var keys []string
	for key := range d.cells {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, at := range rng.Perm(len(keys))[:k] {
		switch key := keys[at]; i % 4 {
		case 0:
			d.cells[key] = "changed"
		case 1:
			delete(d.cells, key)
		case 2:
			d.cells[key[:2]+fmt.Sprint("extra", i)] = "extra"
		default:
			d.cells[key] = "?"
		}
	}
}

func TestNothingDifferentCostsTwoCalls(t *testing.T) {
	m := three(5000)
	r := m.verify(t, "us", Options{})
	if !r.Clean() || r.Passes != 1 || m.calls.Load() != 4 || r.Cells != 5000 || len(r.Findings) > 0 {
		t.Fatalf("%d calls, %+v", m.calls.Load(), r.Counts)
	}
	for _, p := range r.Peers {
		if p.Compared != slotset.Slots || p.Skipped+p.Differing > 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestDamageIsFoundNamedAndHealed(t *testing.T) {
	for _, k := range []int{1, 4, 60, 1500} {
		m := three(5000)
		m.data["us"].damage(rand.New(rand.NewPCG(uint64(k), 1)), k)
		found := m.verify(t, "us", Options{})
		if found.Counts[Repairable] != k || found.Remaining() != k || len(found.Findings) != k {
			t.Fatalf("%d damaged, report %+v %v", k, found.Counts, found.Peers)
		}
		for _, f := range found.Findings {
			if len(f.Versions) != 3 || f.Name == "" || f.Versions[0] == f.Versions[1] || f.Versions[1].Digest != f.Versions[2].Digest {
				t.Fatalf("finding %+v", f)
			}
		}
		seen := m.verify(t, "ap", Options{Repair: true})
		if seen.Counts[PeerWrong] != k {
			t.Fatalf("another node sees %+v", seen.Counts)
		}
		healed := m.verify(t, "us", Options{Repair: true})
		if !healed.Clean() || healed.Counts[Repaired] != k {
			t.Fatalf("%d damaged, healing %+v", k, healed.Counts)
		}
		if again := m.verify(t, "us", Options{}); !again.Clean() || len(again.Findings) > 0 {
			t.Fatalf("after healing %+v", again.Counts)
		}
		for key, value := range m.data["eu"].cells {
			if m.data["us"].cells[key] != value {
				t.Fatalf("%q is %q", key, m.data["us"].cells[key])
			}
		}
	}
}

func TestTwoRegionsNeedAnOrder(t *testing.T) {
	d := newData(1000)
	m := newMesh(map[string]*data{"us": d, "eu": d.clone()})
	rng := rand.New(rand.NewPCG(1, 1))
	m.data["us"].damage(rng, 8)
	r := m.verify(t, "us", Options{Repair: true})
	if r.Counts[Repaired] != 2 || r.Counts[Undecided] != 6 { // what cannot be read is healed by anyone
		t.Fatalf("%+v", r.Counts)
	}
	if r = m.verify(t, "us", Options{Repair: true, From: "us"}); r.Counts[PeerWrong] != 6 {
		t.Fatalf("from itself: %+v", r.Counts)
	}
	if r = m.verify(t, "us", Options{Repair: true, From: "mars"}); r.Problem == "" || r.Clean() {
		t.Fatalf("from nowhere: %+v", r)
	}
	if r = m.verify(t, "us", Options{Repair: true, From: "eu"}); r.Counts[Repaired] != 6 || !r.Clean() {
		t.Fatalf("from eu: %+v", r.Counts)
	}
}

func TestSlotsThatAreBeingWrittenAreSkippedAndSaid(t *testing.T) {
	m := three(2000)
	v := clock.VectorOf(clock.Entry{Origin: 1, Seq: 5})
	m.data["us"].vector = v
	m.data["us"].touched[37] = v // the others have not got it yet
	m.data["us"].cells[keyAt(37, 1)] = "newer"
	r := m.verify(t, "us", Options{Repair: true})
	if len(r.Findings) > 0 || r.Clean() || !r.Incomplete() || r.Peers[0].Skipped != 1 {
		t.Fatalf("%+v %+v", r.Counts, r.Peers)
	}
}

func TestARepairThatCameTooLateIsTriedAgain(t *testing.T) {
	m := three(500)
	m.data["us"].damage(rand.New(rand.NewPCG(9, 1)), 40)
	m.data["us"].moved = true
	if r := m.verify(t, "us", Options{Repair: true}); !r.Clean() || r.Counts[Repaired] != 40 {
		t.Fatalf("%+v", r.Counts)
	}
}

func TestPeersThatCannotBeComparedAreNamed(t *testing.T) {
	m := three(100)
	m.absent = true
	m.data["eu"].ahead = true
	r := m.verify(t, "us", Options{})
	problems := map[string]string{}
	for _, p := range r.Peers {
		problems[p.Region] = p.Problem
	}
	if r.Clean() || problems["ap"] != "" || !strings.Contains(problems["eu"], "takes over state") || problems["gone"] != "nobody there" {
		t.Fatalf("%v", problems)
	}
	if r = m.verify(t, "eu", Options{}); !strings.Contains(r.Problem, "takes over state") || r.Clean() {
		t.Fatalf("%+v", r)
	}
}

func TestATotallyDifferentPeerIsTakenInParts(t *testing.T) {
	d := newData(0)
	for i := range 3000 {
		d.cells[keyAt(i%2, i)] = "x"
	}
	m := newMesh(map[string]*data{"us": newData(0), "eu": d, "ap": d.clone()})
	r := m.verify(t, "us", Options{Repair: true})
	if !r.Clean() || r.Counts[Repaired] != 3000 {
		t.Fatalf("%+v %+v", r.Counts, r.Peers)
	}
}

func TestOneVerificationAtATime(t *testing.T) {
	m := three(10)
	inside := make(chan error, 1)
	_, err := m.nodes["us"].Verify(t.Context(), Options{}, func(Progress) {
		_, err := m.nodes["us"].Verify(context.Background(), Options{}, nil)
		select {
		case inside <- err:
		default:
		}
	})
	if err != nil || !errors.Is(<-inside, ErrBusy) {
		t.Fatal(err)
	}
	if last, now := m.nodes["us"].Last(); last == nil || now != nil {
		t.Error("the report is not kept")
	}
}

func TestPacedReadingTakesItsTime(t *testing.T) {
	m := three(1000)
	m.nodes["us"].cfg.CellsPerSecond = 10_000
	if r := m.verify(t, "us", Options{Paced: true}); r.Took < 90*time.Millisecond {
		t.Errorf("1000 cells at 10000 a second took %v", r.Took)
	}
}

func TestWhatNoPeerAsksForIsRefused(t *testing.T) {
	open := &Open{Cluster: "c", Region: "eu", Node: "n1"}
	ask := func(list ...Request) error {
		a := NewAnswerer(Identity{"c", "us", "n1"}, newData(50))
		defer a.Close()
		for i, r := range list {
			if _, err := a.Handle(t.Context(), r); err != nil || i == len(list)-1 {
				return err
			}
		}
		return nil
	}
	root := &Root{slotset.All()}
	var one slotset.Set
	one.Add(3)
	for _, c := range []struct {
		name string
		want error
		list []Request
	}{
		{"another cluster", ErrRefused, []Request{&Open{Cluster: "x"}}},
		{"itself", ErrRefused, []Request{&Open{Cluster: "c", Region: "us", Node: "n1"}}},
		{"long names", ErrMalformed, []Request{&Open{Cluster: "c", Region: strings.Repeat("x", 1000)}}},
		{"nothing opened", ErrUnexpected, []Request{root}},
		{"two opens", ErrUnexpected, []Request{open, open}},
		{"no symbols", ErrMalformed, []Request{open, root, &SlotSketch{0}}},
		{"too many symbols", ErrMalformed, []Request{open, root, &SlotSketch{maxSymbols + 1}}},
		{"cells of no group", ErrUnexpected, []Request{open, root, &CellSketch{Count: 1}}},
		{"a part that is none", ErrMalformed, []Request{open, root, &CellSketch{New: true, Part: 1, Parts: 1, Count: 1}}},
		{"slots that were not agreed on", ErrMalformed, []Request{open, &Root{one}, &CellSketch{New: true, Slots: slotset.All(), Parts: 1, Count: 1}}},
		{"too many cells", ErrMalformed, []Request{open, root, &CellSketch{New: true, Parts: 1, Count: 1}, &Fetch{Hashes: make([]uint64, maxFetch+1)}}},
		{"a fetch of no group", ErrMalformed, []Request{open, root, &Fetch{}}},
	} {
		if err := ask(c.list...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestServeAnswersUntilTheEnd(t *testing.T) {
	v := three(10).nodes["us"]
	list := []Request{&Open{Cluster: "c", Region: "eu", Node: "n1"}, &Root{slotset.All()}}
	var got []Response
	err := v.Serve(t.Context(), func() (Request, error) {
		if len(list) == 0 {
			return nil, io.EOF
		}
		r := list[0]
		list = list[1:]
		return r, nil
	}, func(r Response) error { got = append(got, r); return nil })
	if !errors.Is(err, io.EOF) || len(got) != 2 || got[1].(*Totals).Cells != 10 {
		t.Fatal(err, got)
	}
}
