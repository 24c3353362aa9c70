package devcluster

import (
	"slices"
	"testing"
)

func TestCutsTellEachNodeWhatConcernsIt(t *testing.T) {
	var c cuts
	c.add(Cut{A: "us", B: "eu"})
	c.add(Cut{A: "eu", B: "us"}) // the same link
	c.add(Cut{A: "ap", B: "us", OneWay: true})
	if len(c.all) != 2 {
		t.Fatalf("cuts are %v, want two", c.all)
	}
	check := func(region string, wantRegions, wantDeaf []string) {
		t.Helper()
		regions, deaf := c.of(region)
		if !slices.Equal(regions, wantRegions) || !slices.Equal(deaf, wantDeaf) {
			t.Errorf("%s: cut from %v, deaf to %v; want %v, %v", region, regions, deaf, wantRegions, wantDeaf)
		}
	}
	check("us", []string{"eu"}, nil)
	check("eu", []string{"us"}, nil)
	check("ap", nil, []string{"us"})

	c.heal("us", "ap")
	check("ap", nil, nil)
	check("us", []string{"eu"}, nil)
	c.heal("", "")
	check("us", nil, nil)
}
