package keyspace_test

import (
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace/command"
)

func TestAnOperatorAcceptsWhatIsParked(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.wall.at += time.Hour
	for _, v := range []string{"early", "later"} {
		a.do(t, command.Set{Key: b("k"), Value: b(v)})
		a.commit()
	}
	settled := 0
	for _, f := range a.frames {
		c.Merge(f, func(err error) {
			settled++
			if err != nil {
				t.Error(err)
			}
		})
	}
	w := c.Waiting()
	if w.Parked != 2 || len(w.ParkedBy) != 1 || settled != 0 {
		t.Fatalf("%+v", w)
	}
	p := w.ParkedBy[0]
	if p.Origin != 1 || p.Frames != 2 || p.First != 1 || p.Last != 2 || p.Next != time.Hour || p.Bytes != w.Bytes || p.Node == "" {
		t.Fatalf("%+v", p)
	}
	if got := c.AcceptParked(9); got.Frames != 0 || c.Waiting().Parked != 2 {
		t.Fatalf("another origin was accepted: %+v", got)
	}
	if got := c.AcceptParked(1); got != p || settled != 2 || c.look(t, "k").value != "truelater" {
		t.Fatalf("%+v, settled %d, shows %s", got, settled, c.look(t, "k").value)
	}
	c.do(t, command.Set{Key: b("k"), Value: b("seen")})
	c.commit()
	if c.Head(2).Time <= a.Head(1).Time {
		t.Fatal("a write that saw the future is stamped below it")
	}
	// What goes on from there is no longer of the future; what is much later still is.
	a.do(t, command.Set{Key: b("k"), Value: b("on")})
	a.commit()
	a.wall.at += time.Minute
	a.do(t, command.Set{Key: b("k"), Value: b("beyond")})
	a.commit()
	for _, f := range a.frames[2:] {
		c.Merge(f, func(error) {})
	}
	if h := c.Head(1); h.Seq != 3 || c.Waiting().Parked != 1 {
		t.Fatalf("%+v, %+v", h, c.Waiting())
	}
}
