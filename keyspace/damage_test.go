package keyspace_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// lose quarantines a range of whole keys and destroys what is in it.
func (r *region) lose(lo, hi []byte) (x keyspace.Quarantined, atLeast clock.VersionVector) {
	x = keyspace.Quarantined{Place: "000007.sst at offset 42", Cause: "checksum mismatch"}
	x.Lo, x.Hi = keyspace.WholeKeys(lo, hi)
	atLeast = r.Quarantine(x)
	r.commit()
	maps.DeleteFunc(r.mem.cells, func(k string, _ []byte) bool { return k >= string(x.Lo) && k < string(x.Hi) })
	return x, atLeast
}

// healFrom does what a node does: it puts the donor's cells in the place of a range.
func (r *region) healFrom(t *testing.T, donor *region, x keyspace.Quarantined) {
	t.Helper()
	s := donor.snapshot(t)
	w := keyspace.HealCells{Lo: x.Lo, Hi: x.Hi, Put: func(k, v []byte) error {
		r.mem.cells[string(k)] = bytes.Clone(v)
		return nil
	}}
	for after := x.Lo; ; {
		ch, err := s.Next(after, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range ch.Cells {
			if inside := bytes.Compare(c.Key, x.Hi) < 0; inside {
				if err := w.Add(c); err != nil {
					t.Fatal(err)
				}
			}
		}
		if after = ch.UpTo; after == nil || bytes.Compare(after, x.Hi) >= 0 {
			break
		}
	}
	if err := r.Healed(x.Lo, x.Hi, s.Heads()); err != nil {
		t.Fatal(err)
	}
	r.commit()
	for lo := x.Lo; lo != nil; {
		next, err := r.Requeue(lo, x.Hi)
		if err != nil {
			t.Fatal(err)
		}
		r.commit()
		lo = next
	}
}

func (r *region) someCell(rng *rand.Rand) []byte {
	var cells []string
	for k := range r.mem.cells {
		if k[0] == store.SpaceData {
			cells = append(cells, k)
		}
	}
	slices.Sort(cells)
	return []byte(cells[rng.IntN(len(cells))])
}

func TestAQuarantinedRangeIsRefusedAndHealedWhileEverybodyWrites(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 80
	}
	refused, waited := 0, 0
	for seed := range seeds {
		r, w := playQuarantine(t, seed)
		if refused, waited = refused+r, waited+w; t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if refused == 0 || waited == 0 {
		t.Errorf("%d commands refused, %d frames waited", refused, waited)
	}
}

func playQuarantine(t *testing.T, seed uint64) (refused, waited int) {
	rng := rand.New(rand.NewPCG(seed, 11))
	all := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
	hurt := all[0]
	step := func() {
		r := all[rng.IntN(len(all))]
		if r.wall.at += time.Millisecond; rng.IntN(4) > 0 {
			_, _, err := r.Execute([]keyspace.Command{
				keyspace.InNamespace(someSpace(rng), someCommand(rng, fmt.Sprintf("key%d", rng.IntN(8)))),
				keyspace.InNamespace(someSpace(rng), someCommand(rng, fmt.Sprintf("key%d", rng.IntN(8)))),
			})
			if keyspace.IsDamage(err) {
				if refused++; r != hurt {
					t.Errorf("the damage spread: %v", err)
				}
			}
			r.commit()
		} else if from := all[rng.IntN(len(all))]; from != r {
			r.merge(t, from)
			r.commit()
		}
		if err := r.Tick(); err != nil {
			t.Fatal(err)
		}
		r.commit()
		waited += hurt.Waiting().Damaged
	}
	for range 40 {
		step()
	}
	if len(hurt.mem.cells) == 0 {
		return 0, 0
	}
	lo, hi := hurt.someCell(rng), hurt.someCell(rng)
	if bytes.Compare(lo, hi) > 0 {
		lo, hi = hi, lo
	}
	x, atLeast := hurt.lose(lo, append(hi, 0))
	for range 20 {
		step()
	}
	donor := all[1+rng.IntN(2)]
	for rounds := 0; !atLeast.LessEq(donor.Vector()); rounds++ {
		if rounds == 100 {
			t.Fatal("no donor")
		}
		for _, from := range all {
			if from != donor {
				donor.merge(t, from)
				donor.commit()
			}
		}
	}
	hurt.healFrom(t, donor, x)
	for range 20 {
		step()
	}
	settleAll(t, all)
	return refused, waited
}

// settleAll exchanges everything and compares.
func settleAll(t *testing.T, all []*region) {
	for range 6 {
		for _, r := range all {
			for _, from := range all {
				if from != r {
					r.merge(t, from)
					r.commit()
				}
			}
			if err := r.Tick(); err != nil {
				t.Fatal(err)
			}
			r.commit()
		}
	}
	for _, r := range all[1:] {
		if !r.Vector().Equal(all[0].Vector()) {
			t.Fatalf("vectors %v and %v, waiting %+v", r.Vector(), all[0].Vector(), all[0].Waiting())
		}
		if a, b := r.digest(t), all[0].digest(t); a.Sum != b.Sum {
			t.Errorf("digests %x and %x at %v", a.Sum[:4], b.Sum[:4], a.Vector)
		}
		for i := range 8 {
			key := fmt.Sprintf("key%d", i)
			if a, b := r.look(t, key), all[0].look(t, key); !reflect.DeepEqual(a, b) {
				t.Errorf("%s: one shows %+v\nanother  %+v", key, a, b)
			}
		}
	}
}

func TestAQuarantineSurvivesARestart(t *testing.T) {
	r := newRegion(1)
	r.do(t, command.Set{Key: b("k"), Value: b("v")})
	r.do(t, command.Set{Key: b("other"), Value: b("v")})
	r.commit()
	rng := rand.New(rand.NewPCG(1, 1))
	cell := r.someCell(rng)
	x, _ := r.lose(cell, append(bytes.Clone(cell), 0))
	var heads []store.Head
	for _, h := range r.mem.heads {
		heads = append(heads, h)
	}
	again := keyspace.NewCore(keyspace.CoreConfig{NewOrigin: func() clock.Origin { return 9 }}, r.mem, heads, r.hlc)
	if list := again.Quarantined(); len(list) != 1 || !bytes.Equal(list[0].Lo, x.Lo) || list[0].Place != x.Place {
		t.Fatalf("after a restart: %+v", list)
	}
	_, _, errK := again.Execute([]keyspace.Command{command.Get{Key: b("k")}})
	_, _, errOther := again.Execute([]keyspace.Command{command.Get{Key: b("other")}})
	if keyspace.IsDamage(errK) == keyspace.IsDamage(errOther) || again.Failed() != nil {
		t.Fatalf("%v, %v, %v", errK, errOther, again.Failed())
	}
}
