package membership

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// firstRejoin is the pause after the first round of joining; it doubles until it is the interval.
const firstRejoin = 500 * time.Millisecond

// maxAsked bounds how many addresses one round asks.
const maxAsked = 64

// joinsAtOnce bounds how many of them are asked at the same time.
const joinsAtOnce = 8

// rejoin asks seeds and missing members to join, for ever. Memberlist itself gives up on a dead
// member after a minute: two sides of a longer split would never meet again.
func (c *Cluster) rejoin(ctx context.Context, engine *memberlist.Memberlist) {
	pause := min(firstRejoin, c.cfg.RejoinInterval)
	for {
		var changed <-chan struct{}
		if c.cfg.Cuts != nil {
			changed = c.cfg.Cuts.Changed()
		}
		c.joinRound(ctx, engine)
		timer := time.NewTimer(pause + rand.N(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
			timer.Stop()
			pause = min(firstRejoin, c.cfg.RejoinInterval)
		case <-timer.C:
			pause = min(2*pause, c.cfg.RejoinInterval)
		}
	}
}

func (c *Cluster) joinRound(ctx context.Context, engine *memberlist.Memberlist) {
	asked := c.missing(ctx)
	if len(asked) == 0 || ctx.Err() != nil {
		return
	}
	// Side by side: an address that swallows packets must not delay one that answers.
	errs := make([]error, len(asked))
	var answered atomic.Int64
	var calls sync.WaitGroup
	slots := make(chan struct{}, joinsAtOnce)
	for i, address := range asked {
		slots <- struct{}{}
		calls.Go(func() {
			defer func() { <-slots }()
			n, err := engine.Join([]string{address})
			answered.Add(int64(n))
			if err != nil {
				errs[i] = fmt.Errorf("join %s: %w", address, err)
			}
		})
	}
	calls.Wait()
	if c.cfg.Events.Rejoined != nil {
		c.cfg.Events.Rejoined(len(asked), int(answered.Load()), errors.Join(errs...))
	}
}

// missing returns the gossip addresses of seeds and members that are not known to be alive, in
// random order, so that a long list of unreachable ones cannot hide a reachable one for ever.
func (c *Cluster) missing(ctx context.Context) []string {
	present := map[string]bool{"": true, c.Address(): true}
	want := map[string]bool{}
	for _, m := range c.Members() {
		if m.State == Alive {
			present[m.GossipAddress] = true
		} else if c.dials(m.Region) {
			want[m.GossipAddress] = true
		}
	}
	for _, seed := range c.cfg.Seeds {
		for _, address := range resolve(ctx, seed) {
			if c.dials(c.book.region(address)) {
				want[address] = true
			}
		}
	}
	var out []string
	for address := range want {
		if !present[address] {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(len(out), maxAsked)]
}

func (c *Cluster) dials(region string) bool {
	cuts := c.cfg.Cuts
	return cuts == nil || region == "" || !cuts.Blocked(region) && !cuts.Deaf(region)
}

// resolve returns the addresses that host:port stands for now; none when the name is unknown, which
// another round may change.
func resolve(ctx context.Context, hostPort string) []string {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil
	}
	lookup, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupIP(lookup, "ip", host)
	if err != nil {
		return nil
	}
	var out []string
	for _, ip := range ips {
		out = append(out, joinHostPort(ip, port))
	}
	return out
}
