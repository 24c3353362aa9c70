package keyspace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// compared is a region whose states can be pinned.
type compared struct {
	*region
	follow *keyspace.Follower
	opened clock.Origin // origins drawn so far
}

func newCompared(origin clock.Origin) *compared {
	c := &compared{region: newRegion(0), opened: origin << 32}
	c.reopen()
	return c
}

// reopen begins anew on what was committed, under a fresh origin.
func (c *compared) reopen() {
	var heads []store.Head
	for _, h := range c.mem.heads {
		heads = append(heads, h)
	}
	c.Core = keyspace.NewCore(keyspace.CoreConfig{
		Region: "r", Node: "n", NewOrigin: func() clock.Origin { c.opened++; return c.opened },
	}, c.mem, heads, c.hlc)
	c.follow = keyspace.Follow(c.Core, c.mem)
	c.committed = func(commit *store.Commit) { c.follow.Committed(c.Core, commit) }
}

func (c *compared) pin(t testing.TB) *keyspace.Pinned {
	t.Helper()
	p := c.follow.Pin()
	if err := p.Summarize(context.Background(), false, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// differing returns how many slots are comparable and hold something, and which of the
// comparable ones differ.
func differing(a, b *keyspace.Pinned) (full int, differ []int) {
	mine, theirs := a.Comparable(b.Vector()), b.Comparable(a.Vector())
	for slot := range keyspace.Slots {
		if !mine.Has(slot) || !theirs.Has(slot) {
			continue
		}
		an, ah, al := a.Slot(slot)
		bn, bh, bl := b.Slot(slot)
		if an+bn > 0 {
			full++
		}
		if an != bn || ah != bh || al != bl {
			differ = append(differ, slot)
		}
	}
	return full, differ
}

// TestHealthyReplicasAreNeverReportedDifferent plays random histories: writes of every
// kind, partial delivery, sweeps, transfers, restarts. Whatever the moment, slots that
// the rule calls comparable must be equal.
func TestHealthyReplicasAreNeverReportedDifferent(t *testing.T) {
	slots, unequal := 0, 0
	for seed := range histories(60) {
		rng := rand.New(rand.NewPCG(seed, 18))
		all := []*compared{}
		for i := range 3 {
			all = append(all, newCompared(clock.Origin(i+1)))
		}
		for range 120 {
			playCompared(t, rng, all)
			a, b := all[rng.IntN(3)], all[rng.IntN(3)]
			if a == b || !a.Idle() || !b.Idle() {
				continue
			}
			p, q := a.pin(t), b.pin(t)
			if p.Ahead() || q.Ahead() {
				continue
			}
			n, differ := differing(p, q)
			if len(differ) > 0 {
				t.Fatalf("seed %d: healthy replicas at %v and %v differ in slots %v", seed, p.Vector(), q.Vector(), differ)
			}
			slots += n
			if !p.Vector().Equal(q.Vector()) {
				unequal += n
			}
		}
	}
	t.Logf("%d slots compared, %d of them at different vectors", slots, unequal)
	if unequal < int(histories(300)) {
		t.Fatalf("only %d slots were compared at different vectors", unequal)
	}
}

func playCompared(t *testing.T, rng *rand.Rand, all []*compared) {
	t.Helper()
	r := all[rng.IntN(len(all))]
	r.wall.at += time.Millisecond
	switch rng.IntN(16) {
	case 0:
		if err := r.Tick(); err != nil {
			t.Fatal(err)
		}
		r.commit()
	case 1:
		r.commit()
		r.reopen()
	case 2:
		from := all[rng.IntN(len(all))]
		if from != r && !from.TransferState().Active && !from.TransferState().Ahead && !r.TransferState().Active {
			r.commit()
			from.commit()
			r.takeOver(t, from.region, 1+rng.IntN(200), func() { r.write(rng) })
		}
	case 3, 4, 5, 6:
		from := all[rng.IntN(len(all))]
		from.commit()
		if from != r {
			r.mergeSome(t, from.region, rng)
		}
	default:
		r.write(rng)
	}
}

func (r *compared) write(rng *rand.Rand) {
	key := string(rune('a' + rng.IntN(12)))
	cmd := keyspace.InNamespace(someSpace(rng), someCommand(rng, key))
	_, _, _ = r.Execute([]keyspace.Command{cmd}) // a wrong type changes nothing
	r.commit()
}

// mergeSome merges a random part of what the other has committed.
func (r *compared) mergeSome(t *testing.T, from *region, rng *rand.Rand) {
	upTo := rng.IntN(len(from.frames) + 1)
	for _, f := range from.frames[:upTo] {
		if f.Origin == r.Origin() {
			continue
		}
		r.Merge(f, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	r.commit()
}

// pairOf returns two replicas that hold the same.
func pairOf(t *testing.T, cmds ...keyspace.Command) (a, b *compared) {
	t.Helper()
	a, b = newCompared(0x10), newCompared(0x20)
	for _, c := range cmds {
		a.do(t, c)
		a.commit()
	}
	b.pull(t, a.region)
	return a, b
}

func someKeys() (cmds []keyspace.Command) {
	for i := range 40 {
		key := b(fmt.Sprint("key", i))
		switch i % 6 {
		case 4:
			cmds = append(cmds, command.HSet{Key: key, Fields: manyFields(3)}, command.HIncr{Key: key, Field: b("n"), Delta: 2})
		case 5:
			cmds = append(cmds, command.HSet{Key: key, Fields: manyFields(2)}, command.HIncr{Key: key, Field: b("n"), Delta: 2},
				command.Delete{List: [][]byte{key}}, command.HIncr{Key: key, Field: b("n"), Delta: 1})
		case 0:
			cmds = append(cmds, command.Set{Key: key, Value: b("v")})
		case 1:
			cmds = append(cmds, command.Incr{Key: key, Delta: 3})
		case 2:
			cmds = append(cmds, command.SAdd{Key: key, Members: manyMembers(3)})
		default:
			cmds = append(cmds, command.SAdd{Key: key, Members: manyMembers(2)}, command.Delete{List: [][]byte{key}},
				command.SAdd{Key: key, Members: manyMembers(1)})
		}
	}
	for _, cmd := range cmds[:20] {
		cmds = append(cmds, keyspace.InNamespace("3", cmd), keyspace.InNamespace("orders", cmd))
	}
	return cmds
}

// cellsOf returns the canonical cells of a slot.
func cellsOf(t *testing.T, p *keyspace.Pinned, slot int) (cells map[string]string) {
	t.Helper()
	cells = map[string]string{}
	var which keyspace.SlotSet
	which.Add(slot)
	err := p.Cells(which, func(_ int, key, value []byte, _ error) error {
		cells[string(key)] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// TestEveryKindOfDamageToOneCellIsFoundAndRepaired damages each cell of a replica in
// turn, in every way, and heals it from the other.
func TestEveryKindOfDamageToOneCellIsFoundAndRepaired(t *testing.T) {
	a, b := pairOf(t, someKeys()...)
	good := a.digest(t).Sum
	ways := map[string]func(value []byte) []byte{
		"missing":   func([]byte) []byte { return nil },
		"garbage":   func([]byte) []byte { return []byte{0xee, 1, 2} },
		"truncated": func(v []byte) []byte { return v[:len(v)-1] },
		"bit flip":  func(v []byte) []byte { v[len(v)-1] ^= 1; return v },
		"a wrong dot": func(v []byte) []byte {
			if len(v) > 12 {
				v[11] ^= 0x10
			}
			return v
		},
	}
	var keys []string
	p := a.pin(t)
	for slot := range keyspace.Slots {
		for key := range cellsOf(t, p, slot) {
			keys = append(keys, key)
		}
	}
	if testing.Short() {
		keys = keys[:len(keys)/5]
	}
	found := 0
	for name, damage := range ways {
		for _, key := range keys {
			before := bytes.Clone(a.mem.cells[key])
			if v := damage(bytes.Clone(before)); v != nil {
				a.mem.cells[key] = v
			} else {
				delete(a.mem.cells, key)
			}
			found += heal(t, a, b, name+" "+fmt.Sprintf("%q", key))
			if d := a.digest(t); d.Sum != good {
				t.Fatalf("%s of %q: not healed", name, key)
			}
		}
	}
	if found < len(keys)*3 {
		t.Fatalf("%d findings for %d cells", found, len(keys))
	}
	for i := range 40 { // counts of members, too
		if err := a.Tick(); err != nil {
			t.Fatal(err)
		}
		a.commit()
		key := fmt.Sprint("key", i)
		x, y := a.look(t, key), b.look(t, key)
		if fmt.Sprint(x) != fmt.Sprint(y) {
			t.Fatalf("%s shows %v, at the other %v", key, x, y)
		}
	}
}

// heal compares, repairs a from b, and returns how many slots differed.
func heal(t *testing.T, a, b *compared, what string) int {
	t.Helper()
	a.follow = keyspace.Follow(a.Core, a.mem) // memory does not vouch for the disk
	p, q := a.pin(t), b.pin(t)
	_, differ := differing(p, q)
	for slot := range keyspace.Slots {
		if damaged := p.Damaged(); damaged.Has(slot) && !slices.Contains(differ, slot) {
			differ = append(differ, slot)
		}
	}
	for _, slot := range differ {
		mine, theirs := cellsOf(t, p, slot), cellsOf(t, q, slot)
		var fixes []keyspace.Fix
		for key, value := range theirs {
			if mine[key] != value {
				fixes = append(fixes, keyspace.Fix{Key: []byte(key), Value: []byte(value)})
			}
		}
		for key := range mine {
			if _, ok := theirs[key]; !ok {
				fixes = append(fixes, keyspace.Fix{Key: []byte(key)})
			}
		}
		for i, err := range a.Repair(p.Number(), fixes) {
			if err != nil {
				t.Fatalf("%s: %q: %v", what, fixes[i].Key, err)
			}
		}
	}
	a.commit()
	return len(differ)
}

func TestARepairCountsOnlyWhileTheSlotIsAsItWas(t *testing.T) {
	a, b2 := pairOf(t, command.Set{Key: b("k"), Value: b("v")})
	var fix keyspace.Fix
	slot := int(keyspace.SlotOf(b("k")))
	for key, value := range cellsOf(t, b2.pin(t), slot) {
		fix = keyspace.Fix{Key: b(key), Value: b(value)}
	}
	p := a.pin(t)
	a.do(t, command.Delete{List: [][]byte{b("k")}})
	if err := a.Repair(p.Number(), []keyspace.Fix{fix})[0]; !errors.Is(err, keyspace.ErrMoved) {
		t.Errorf("beside a deletion in the same batch: %v", err)
	}
	a.commit()
	if err := a.Repair(p.Number(), []keyspace.Fix{fix})[0]; !errors.Is(err, keyspace.ErrMoved) {
		t.Errorf("after a deletion: %v", err)
	}
	if l := a.look(t, "k"); l.exists != 0 {
		t.Error("a repair brought a deleted key back")
	}
}

func TestARepairThatNoHonestPeerAsksForIsRefused(t *testing.T) {
	a, b2 := pairOf(t, command.Set{Key: b("k"), Value: b("v")}, command.SAdd{Key: b("s"), Members: [][]byte{b("m")}})
	b2.do(t, command.Set{Key: b("k"), Value: b("newer")}, command.SAdd{Key: b("s"), Members: [][]byte{b("m")}})
	b2.commit()
	number := a.pin(t).Number()
	good := a.digest(t).Sum
	var fixes []keyspace.Fix
	for _, name := range []string{"k", "s"} {
		for key, value := range cellsOf(t, b2.pin(t), int(keyspace.SlotOf(b(name)))) {
			fixes = append(fixes, keyspace.Fix{Key: b(key), Value: b(value)}, keyspace.Fix{Key: b(key), Value: b("?")})
		}
	}
	fixes = append(fixes, keyspace.Fix{Key: b("?")}, keyspace.Fix{Key: append(slices.Clone(fixes[0].Key), 7)}, keyspace.Fix{Key: nil})
	for i, err := range a.Repair(number, fixes) {
		if !errors.Is(err, keyspace.ErrMalformed) {
			t.Errorf("fix %d of %q: %v", i, fixes[i].Key, err)
		}
	}
	a.commit()
	if a.digest(t).Sum != good {
		t.Error("a refused repair changed something")
	}
}

// TestFloorsThatWaitAreComparedAtEqualVectorsOnly: the same updates of a slot, and yet
// another canonical form, since one replica knows that the origin has seen the reset.
func TestFloorsThatWaitAreComparedAtEqualVectorsOnly(t *testing.T) {
	a, c, d := newCompared(1), newCompared(2), newCompared(3)
	a.do(t, command.Incr{Key: b("n"), Delta: 5})
	a.commit()
	c.pull(t, a.region)
	d.pull(t, a.region)
	c.do(t, command.ResetCounter{Key: b("n")})
	c.commit()
	d.pull(t, c.region)
	a.pull(t, c.region)
	a.do(t, command.Set{Key: b("other"), Value: b("v")})
	a.commit()
	slot := int(keyspace.SlotOf(b("n")))
	p, q := a.pin(t), d.pin(t)
	_, ah, _ := p.Slot(slot)
	if _, dh, _ := q.Slot(slot); ah == dh {
		t.Fatal("the scenario has one canonical form only")
	}
	if _, differ := differing(p, q); len(differ) > 0 {
		t.Errorf("slots %v are called different", differ)
	}
	d.pull(t, a.region)
	if full, differ := differing(p, d.pin(t)); full != 1 || len(differ) > 0 {
		t.Errorf("at equal vectors %d slots are compared, %v differ", full, differ)
	}
}
