package faults

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	soak = flag.Duration("soak", 8*time.Second, "how long TestSoak goes on; it ends with the cluster it is at")
	life = flag.Duration("life", time.Minute, "how long TestSoak keeps one cluster")
)

// TestSoak breaks clusters at random: one to three faults at a time, on any nodes, for
// some seconds, again and again. Each cluster ends as every scenario does.
func TestSoak(t *testing.T) {
	begin := time.Now()
	for n := 0; n == 0 || time.Since(begin) < *soak; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			start(t).play(scenario{name: "Random", fault: atRandom})
		})
		if t.Failed() {
			return // the cluster's log is worth more than another cluster
		}
	}
}

func atRandom(c *cluster, _ *load) string {
	rng := dice(c.t)
	counts := map[string]int{}
	rounds := 0
	for end := time.Now().Add(min(*life, *soak)); time.Now().Before(end); rounds++ {
		var names []string
		for _, k := range rng.Perm(len(singles))[:1+rng.IntN(3)] {
			singles[k].do(c, c.nodes[rng.IntN(3)], rng)
			names = append(names, singles[k].name)
			counts[singles[k].name]++
		}
		c.t.Logf("round %d: %s", rounds, strings.Join(names, ", "))
		time.Sleep(time.Duration(200+rng.IntN(4000)) * time.Millisecond)
		c.heal()
		time.Sleep(time.Duration(rng.IntN(1500)) * time.Millisecond)
	}
	return fmt.Sprintf("; %d rounds of faults: %v", rounds, counts)
}
