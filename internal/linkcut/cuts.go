package linkcut

import (
	"slices"
	"sync"
)

// Cuts is a set of regions. The zero value and nil cut nothing. It is safe for
// concurrent use.
type Cuts struct {
	mu      sync.Mutex
	blocked []string      // guarded by mu
	deaf    []string      // guarded by mu
	changed chan struct{} // guarded by mu; closed by Set
}

// Blocked reports whether this node neither hears nor answers a region.
func (c *Cuts) Blocked(region string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.blocked, region)
}

// Deaf reports whether this node does not hear a region but still answers it.
func (c *Cuts) Deaf(region string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.deaf, region)
}

// Regions returns what is cut.
func (c *Cuts) Regions() (blocked, deaf []string) {
	if c == nil {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.blocked), slices.Clone(c.deaf)
}

// Set replaces both sets; empty ones heal every link.
func (c *Cuts) Set(blocked, deaf []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked, c.deaf = slices.Clone(blocked), slices.Clone(deaf)
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// Changed returns a channel that is closed at the next Set. Take it before looking at
// the sets, so that no change is missed.
func (c *Cuts) Changed() <-chan struct{} {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}
