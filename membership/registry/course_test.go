package registry

import (
	"errors"
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// trio returns the registry of three members.
func trio() *Registry {
	r := New()
	for _, n := range []string{"ap/n1", "eu/n1", "us/n1"} {
		r.Found(n, "")
	}
	return r
}

func state(r *Registry, name string) State {
	m, _ := r.Get(name)
	return m.State
}

// hear gives the course the same answer from everybody that it asks.
func hear(t *testing.T, c *Course, r *Registry, heads []Head) {
	t.Helper()
	for _, n := range c.Ask(r) {
		if err := c.Heard(r, n, r.Clone(), heads, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACourseAsksInThisOrder(t *testing.T) {
	r := trio()
	c, err := NewCourse(r, []string{"ap/n1"}, "us/n1", false, 1)
	if err != nil {
		t.Fatal(err)
	}
	heads := []Head{{"ap/n1", Seal{0, 1, 5, 9}}, {"eu/n1", Seal{0, 2, 7, 9}}}
	for _, want := range []struct {
		asked  []string
		state  State
		owed   uint64
		frozen bool
	}{
		{[]string{"eu/n1"}, Leaving, 0, false},
		{[]string{"ap/n1"}, Leaving, 5, false},
		{[]string{"eu/n1", "us/n1"}, Sealing, 0, true},
	} {
		if got := c.Ask(r); !slices.Equal(got, want.asked) || state(r, "ap/n1") != want.state || c.Frozen() != want.frozen {
			t.Fatalf("asks %v while ap is %v, frozen %v, want %+v", got, state(r, "ap/n1"), c.Frozen(), want)
		}
		hear(t, c, r, heads)
		if got := c.Owed(clock.VersionVector{}); got != want.owed {
			t.Errorf("owed %d, want %d", got, want.owed)
		}
		if err := c.Step(r, 2); err != nil {
			t.Fatal(err)
		}
	}
	if m, _ := r.Get("ap/n1"); !c.Done() || m.State != Removed || len(m.Seals) != 1 || m.Seals[0].Seq != 5 {
		t.Errorf("done %v, %+v", c.Done(), m)
	}
}

func TestACourseIsCalledOffWhileNobodyIsFrozen(t *testing.T) {
	r := trio()
	c, err := NewCourse(r, []string{"ap/n1"}, "us/n1", true, 1)
	if err != nil {
		t.Fatal(err)
	}
	silent := errors.New("does not answer")
	if err := c.Heard(r, "eu/n1", nil, nil, silent); !errors.Is(err, silent) || c.Frozen() {
		t.Fatalf("%v, frozen %v", err, c.Frozen())
	}
	if err := c.CallOff(r, 2); err != nil || state(r, "ap/n1") != Active {
		t.Errorf("ap is %v, %v", state(r, "ap/n1"), err)
	}
}

func TestACourseTakesOverWhatIsFrozenAndCannotCallItOff(t *testing.T) {
	r := trio()
	if err := r.Freeze("ap/n1", "eu/n1", 3); err != nil {
		t.Fatal(err)
	}
	c, err := NewCourse(r, []string{"ap/n1"}, "us/n1", false, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CallOff(r, 2); err != nil || state(r, "ap/n1") != Sealing {
		t.Fatalf("ap is %v, %v", state(r, "ap/n1"), err)
	}
	for !c.Done() {
		hear(t, c, r, nil)
		if err := c.Step(r, 2); err != nil {
			t.Fatal(err)
		}
	}
	if m, _ := r.Get("ap/n1"); m.By != "us/n1" || m.Term <= 3 {
		t.Errorf("taken over: %+v", m)
	}
}
