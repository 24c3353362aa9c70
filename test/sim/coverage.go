package sim

import "sync"

// coverage counts what runs have exercised. A CI run must have reached all of it.
type coverage struct {
	mu     sync.Mutex
	counts map[string]int
}

var sometimes = coverage{counts: map[string]int{}}

func (c *coverage) hit(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

func (c *coverage) get(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}
