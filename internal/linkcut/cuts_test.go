package linkcut

import "testing"

func TestSetReplacesBothSetsAndTellsOfIt(t *testing.T) {
	c := new(Cuts)
	changed := c.Changed()
	c.Set([]string{"eu"}, []string{"ap"})
	select {
	case <-changed:
	default:
		t.Fatal("Set did not close Changed")
	}
	if !c.Blocked("eu") || c.Blocked("ap") || !c.Deaf("ap") || c.Deaf("eu") {
		t.Fatal("sets are not what was set")
	}
	select {
	case <-c.Changed():
		t.Fatal("Changed is closed before the next Set")
	default:
	}
	c.Set(nil, nil)
	if b, d := c.Regions(); len(b)+len(d) > 0 || c.Blocked("eu") || c.Deaf("ap") {
		t.Fatal("an empty Set does not heal")
	}
}

func TestNilCutsNothing(t *testing.T) {
	var c *Cuts
	if c.Blocked("eu") || c.Deaf("eu") || c.Changed() != nil {
		t.Fatal("nil cuts")
	}
}
