package node

import (
	"bytes"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

func setEx(key string, ms int64) keyspace.Command {
	return command.Set{Key: []byte(key), Value: []byte("v"), Life: command.Lifetime{As: command.EndsIn, Millis: ms}}
}

// live is how many live cells a node holds.
func (r *running) live(t *testing.T) uint64 {
	t.Helper()
	d, err := r.shard.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d.Cells
}

// entries is how many keys a node has in its index of what is to end.
func (r *running) entries(t *testing.T) (n int) {
	t.Helper()
	it, err := r.db.Iterate([]byte{store.SpaceExpiry}, []byte{store.SpaceExpiry + 1})
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestKeysEndEverywhereAndAreDeleted(t *testing.T) {
	a, b := pair(t)
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.do(t, set("stays", "v"))
	us.do(t, setEx("k", 1500))
	us.do(t, command.SAdd{Key: []byte("s"), Members: [][]byte{[]byte("m"), []byte("n")}})
	us.do(t, command.Expire{Key: []byte("s"), Life: command.Lifetime{As: command.EndsIn, Millis: 1500}})
	eventually(t, "eu has it all", func() bool { return eu.live(t) == 5 && eu.entries(t) == 2 })
	for _, n := range []*running{us, eu} {
		eventually(t, "the keys have ended at "+n.cfg.Region, func() bool {
			return n.do(t, command.Exists{List: [][]byte{[]byte("k"), []byte("s")}}).Int == 0
		})
	}
	for _, n := range []*running{us, eu} {
		eventually(t, "nothing is left of them at "+n.cfg.Region, func() bool { return n.live(t) == 1 && n.entries(t) == 0 })
	}
	if us.get(t, "stays") != "v" || eu.get(t, "stays") != "v" {
		t.Error("a key without a deadline has ended")
	}
}

// Fields end in three regions, also in one that is cut off, and are deleted everywhere; a hash goes with its last field.
func TestFieldsEndEverywhereAndAreDeleted(t *testing.T) {
	nodes := trio(t)
	us := nodes[0]
	fields := [][]byte{[]byte("f"), []byte("g")}
	us.do(t, command.HSet{Key: []byte("h"), Fields: []command.FieldValue{{Field: []byte("stays"), Value: []byte("v")}, {Field: fields[0]}}})
	us.do(t, command.HSetEx{Key: []byte("gone"), Fields: []command.FieldValue{{Field: fields[0]}}, Life: command.Lifetime{As: command.EndsIn, Millis: 1500}})
	us.do(t, command.HIncr{Key: []byte("h"), Field: fields[1], Delta: 5})
	us.do(t, command.HExpire{Key: []byte("h"), Fields: fields, Life: command.Lifetime{As: command.EndsIn, Millis: 1500}})
	for _, n := range nodes {
		eventually(t, n.cfg.Region+" has it all", func() bool { return n.live(t) == 6 && n.entries(t) == 3 })
	}
	cutAll(nodes)
	for _, n := range nodes {
		eventually(t, "the fields have ended at "+n.cfg.Region, func() bool {
			return n.do(t, command.HLen{Key: []byte("h")}).Int == 1 && n.do(t, command.Exists{List: [][]byte{[]byte("gone")}}).Int == 0
		})
	}
	deliveries()[0].heal(t, nodes)
	for _, n := range nodes {
		eventually(t, "nothing is left of them at "+n.cfg.Region, func() bool { return n.live(t) == 2 && n.entries(t) == 0 })
		if got := n.do(t, command.HGetAll{Key: []byte("h")}).List; len(got) != 2 || string(got[0]) != "stays" {
			t.Errorf("%s shows %q", n.cfg.Region, got)
		}
	}
}

func TestANodeThatMustNotWriteDeletesNothing(t *testing.T) {
	n := launch(t, testConfig(t, "us"))
	n.do(t, setEx("k", 200))
	n.dispatcher.Drain()
	time.Sleep(1500 * time.Millisecond)
	if n.live(t) != 1 {
		t.Fatal("deleted all the same")
	}
	r, err := n.shard.Read(t.Context(), command.Exists{List: [][]byte{[]byte("k")}})
	if err != nil || r.Int != 0 {
		t.Errorf("%+v %v: not hidden", r, err)
	}
}

func TestADeadlineOutlivesARestart(t *testing.T) {
	cfg := testConfig(t, "us")
	n := launch(t, cfg)
	n.do(t, setEx("k", 700))
	n.do(t, setEx("later", 3600e3))
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n = launch(t, cfg)
	eventually(t, "the key of the run before is deleted", func() bool { return n.live(t) == 1 && n.entries(t) == 1 })
	if got := n.do(t, command.TTL{Key: []byte("later")}); got.Int < 3500e3 || got.Int > 3600e3 {
		t.Errorf("%+v", got)
	}
}

// What damage takes out of the index of what is to end is made anew from the headers.
func TestHealingMakesTheIndexOfEndsAnew(t *testing.T) {
	n := launch(t, testConfig(t, "us"))
	n.do(t, setEx("k", 3600e3))
	n.do(t, set("plain", "v"))
	lo, hi := []byte{store.SpaceExpiry}, []byte{store.SpaceExpiry + 1}
	var lost []store.Cell
	it, err := n.db.Iterate(lo, hi)
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		lost = append(lost, store.Cell{Key: bytes.Clone(it.Key())})
	}
	if err := it.Close(); err != nil || len(lost) != 1 {
		t.Fatal(err, lost)
	}
	pending, err := n.db.Apply(&store.Commit{Shard: shardID, Cells: lost})
	if err != nil || pending.Durable() != nil || n.entries(t) != 0 {
		t.Fatal(err, n.entries(t))
	}
	if err := n.healer.requeue(t.Context(), []byte{store.SpaceAside}, []byte{store.SpaceAside + 1}); err != nil || n.entries(t) != 0 {
		t.Fatal("made anew though nothing of it was damaged", err)
	}
	if err := n.healer.requeue(t.Context(), lo, hi); err != nil || n.entries(t) != 1 {
		t.Fatal(err, n.entries(t))
	}
}
