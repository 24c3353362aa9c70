package keyspace_test

import (
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
)

// barred returns a region that has kept n updates of origin 10 aside, since its writer was removed, and knows now
// that the writer takes part again.
func barred(t *testing.T, n int) (a, c *region) {
	t.Helper()
	a, c = newRegion(10), newRegion(20)
	a.incr(t, "n", n)
	c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}})
	for _, f := range a.frames {
		c.offer(t, f)
	}
	if c.Head(10).Seq != 0 || c.AsideCount().Records != n {
		t.Fatalf("applied %d, kept aside %+v", c.Head(10).Seq, c.AsideCount())
	}
	c.limit(t, keyspace.Limits{})
	return a, c
}

// readmit does all steps, a commit each.
func (r *region) readmit(t *testing.T, o clock.Origin) (n keyspace.Replayed) {
	t.Helper()
	var err error
	for n.More = true; n.More; r.commit() {
		if n, err = r.Readmit(o); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestWhatIsReadmittedCounts(t *testing.T) {
	a, c := barred(t, 150)
	a.incr(t, "n", 1)
	c.offer(t, a.frames[150]) // it came later, and is kept aside, too
	if n := c.readmit(t, 10); n.Done != 151 || c.look(t, "n").value != "true151" {
		t.Fatalf("readmitted %+v, n=%s", n, c.look(t, "n").value)
	}
	if found, err := keyspace.ListAside(c.mem, 0); err != nil || len(found)+c.AsideCount().Records != 0 {
		t.Errorf("left aside: %+v, %v", found, err)
	}
	a.incr(t, "n", 1)
	if c.offer(t, a.frames[151]); c.look(t, "n").value != "true152" {
		t.Errorf("n=%s", c.look(t, "n").value)
	}
}

// A crash after any step loses nothing: what is not merged yet is still kept aside.
func TestACrashWhileReadmittingLosesNothing(t *testing.T) {
	_, c := barred(t, 150)
	if n, err := c.Readmit(10); err != nil || !n.More || n.Done == 0 || n.Done >= 150 {
		t.Fatalf("%+v, %v", n, err)
	}
	c.commit()
	c = c.again(keyspace.Limits{})
	if n := c.readmit(t, 10); n.Done != 150 || c.look(t, "n").value != "true150" {
		t.Fatalf("readmitted %+v, n=%s", n, c.look(t, "n").value)
	}
	if c = c.again(keyspace.Limits{}); c.AsideCount().Records != 0 || c.look(t, "n").value != "true150" {
		t.Errorf("after a restart %+v, n=%s", c.AsideCount(), c.look(t, "n").value)
	}
}

// A record that waits for others is merged when they have come.
func TestWhatIsReadmittedWaitsForItsContext(t *testing.T) {
	a, b0, c := newRegion(10), newRegion(30), newRegion(20)
	b0.incr(t, "m", 1)
	a.offer(t, b0.frames[0])
	a.incr(t, "n", 2)
	c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}})
	for _, f := range a.frames[len(a.frames)-2:] {
		c.offer(t, f)
	}
	c.limit(t, keyspace.Limits{})
	if n := c.readmit(t, 10); n.Done != 0 || c.Waiting().Frames != 1 {
		t.Fatalf("readmitted %+v, %+v", n, c.Waiting())
	}
	c = c.again(keyspace.Limits{}) // what waited is still in the store
	c.offer(t, b0.frames[0])
	if n := c.readmit(t, 10); n.Done != 2 || c.look(t, "n").value != "true2" {
		t.Errorf("readmitted %+v, n=%s", n, c.look(t, "n").value)
	}
}

// What is in the open batch is not forgotten before it was read.
func TestReadmittingWaitsForTheOpenBatch(t *testing.T) {
	a, c := barred(t, 2)
	c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}})
	a.incr(t, "n", 1)
	c.Merge(a.frames[2], func(error) {})
	if n, err := c.Readmit(10); err != nil || n.Done != 0 {
		t.Fatalf("%+v, %v", n, err)
	}
	c.commit()
	c.limit(t, keyspace.Limits{})
	if n := c.readmit(t, 10); n.Done != 3 || c.look(t, "n").value != "true3" {
		t.Errorf("readmitted %+v, n=%s", n, c.look(t, "n").value)
	}
}

func TestWhatHasEndedIsNotReadmitted(t *testing.T) {
	for name, change := range map[string]func(c *region){
		"shut":    func(c *region) { c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 0}}) },
		"dropped": func(c *region) { _, _ = c.DropAside(10, 1); c.commit() },
		"barred":  func(c *region) { c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}}) },
	} {
		_, c := barred(t, 3)
		change(c)
		before := c.AsideCount()
		if n := c.readmit(t, 10); n.Records != 0 || c.Head(10).Seq != 0 || c.AsideCount() != before {
			t.Errorf("%s: %+v, applied %d, kept aside %+v, before %+v", name, n, c.Head(10).Seq, c.AsideCount(), before)
		}
		if c = c.again(keyspace.Limits{}); c.AsideCount() != before {
			t.Errorf("%s: after a restart kept aside %+v, before %+v", name, c.AsideCount(), before)
		}
	}
}

func TestReadmitted(t *testing.T) {
	kept := []keyspace.Aside{{Origin: 10, Writer: crdt.Declaration{Region: "ap", Node: "n1"}, Last: 7}}
	book := registry.New()
	book.Found("ap/n1", "")
	expect := func(when string, want int) {
		t.Helper()
		if got := keyspace.Readmitted(book, 0, kept); len(got) != want {
			t.Errorf("%s: %v, want %d", when, got, want)
		}
	}
	expect("never removed", 0)
	rm, err := registry.NewRemoval(book, []string{"ap/n1"}, "us/n1", 1)
	if err == nil {
		err = rm.Decide(book)
	}
	if err != nil {
		t.Fatal(err)
	}
	expect("removed", 0)
	if err := book.Add("ap/n1", "", "us/n1", book.After(2, "ap/n1")); err != nil {
		t.Fatal(err)
	}
	expect("added again", 1)
	kept[0].Done = 1
	expect("issued again here", 0)
	kept[0].Done = 0
	settled := book.Clone()
	book.Settle("ap/n1", registry.Mark{Origin: 10, Seq: 2})
	expect("issued again elsewhere", 0)
	book = settled
	book.Shut("ap/n1", 0, 10)
	expect("shut", 0)
}
