package node

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// alarmEvery is how often causes are looked at.
const alarmEvery = 500 * time.Millisecond

// alarms is what needs an operator now. Each has a name, for metrics, and a text. One
// line is logged when an alarm begins and one when it ends; a text that changes meanwhile
// is shown and not logged.
type alarms struct {
	// look finds what is wrong at the moment, by name.
	look    func() map[string]string
	changed func(name, text string, on bool)

	mu  sync.Mutex
	now map[string]string // guarded by mu
}

// alarmNames are all alarms there are: each is a metric from the start, so that its end
// is seen too.
var alarmNames = []string{
	alarmClone, alarmPeerClone, alarmDisk, alarmMemory, alarmRemoved, alarmAside, alarmAbove, alarmDivergence, alarmDamage, alarmClock, alarmParked, alarmSuperseded,
}

// The names of alarms.
const (
	alarmClone     = "clone"
	alarmPeerClone = "peer_clone"
	alarmDisk      = "disk_full"
	alarmMemory    = "memory"

	alarmDivergence = "divergence"
	alarmDamage     = "damage"

	alarmClock  = "clock"
	alarmParked = "parked"

	alarmRemoved = "removed"
	alarmAside   = "kept_aside"
	alarmAbove   = "beyond_seal"

	alarmSuperseded = "superseded"
)

func (a *alarms) run(ctx context.Context) error {
	tick := time.NewTicker(alarmEvery)
	defer tick.Stop()
	for {
		a.step()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *alarms) step() {
	next := a.look()
	a.mu.Lock()
	old := a.now
	a.now = next
	a.mu.Unlock()
	for _, name := range alarmNames {
		_, was := old[name]
		if text, is := next[name]; is != was {
			a.changed(name, text, is)
		}
	}
}

// get returns the alarms by name. It must not be changed.
func (a *alarms) get() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

// texts returns one line an alarm, in the order of their names.
func (a *alarms) texts() []string {
	now := a.get()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		out = append(out, now[name])
	}
	return out
}
