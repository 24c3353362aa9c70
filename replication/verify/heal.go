package verify

import (
	"context"
	"fmt"
)

// maxFixes bounds one repair: what more a slot has waits for the next pass.
const maxFixes = 2048

// repair heals cells of this node from one peer, whole slots at a time.
func (r *run) repair(ctx context.Context, state State, p *peerRun, list []difference) (repaired int, err error) {
	sortDifferences(list)
	total := len(list)
	for done := 0; len(list) > 0; {
		n := batchOf(list)
		r.tell(Progress{"repair", p.Region + "/" + p.Node, uint64(done), uint64(total)})
		fixed, err := r.repairBatch(ctx, state, p, list[:n])
		repaired, done, list = repaired+fixed, done+n, list[n:]
		if ctx.Err() != nil {
			return repaired, ctx.Err()
		}
		if err != nil {
			p.report.Problem = fmt.Sprintf("repair from it: %v", err)
			return repaired, nil
		}
	}
	return repaired, nil
}

// batchOf returns how many differences go into one repair: whole slots, about 256 cells.
func batchOf(list []difference) int {
	n := 1
	for n < len(list) && n < maxFixes && (n < 256 || list[n].slot == list[n-1].slot) {
		n++
	}
	return n
}

func (r *run) repairBatch(ctx context.Context, state State, p *peerRun, list []difference) (repaired int, err error) {
	byGroup := map[*groupRef][]uint64{}
	var order []*groupRef
	for _, d := range list {
		if d.theirs == 0 {
			continue // the peer has none: nothing to fetch
		}
		if byGroup[d.group] == nil {
			order = append(order, d.group)
		}
		byGroup[d.group] = append(byGroup[d.group], d.hash)
	}
	values := make(map[uint64][]byte, len(list))
	tooLarge := map[uint64]bool{}
	for _, g := range order {
		err := p.ask.fetch(ctx, g, byGroup[g], nil, true, func(h uint64, c Cell) {
			values[h], tooLarge[h] = c.Value, c.TooLarge
		})
		if err != nil {
			return 0, err
		}
	}
	var fixes []Fix
	var of []*found
	for _, d := range list {
		f := r.found[d.hash]
		value := values[d.hash]
		switch {
		case d.theirs == 0:
			value = nil
		case tooLarge[d.hash]:
			f.Detail = "the cell is too large to be sent by itself"
			continue
		case value == nil || versionOf(d.key, value) != d.theirs:
			f.Detail = "the peer sent another value than it has announced"
			continue
		}
		fixes, of = append(fixes, Fix{d.key, value}), append(of, f)
	}
	results, err := r.v.cfg.Replica.Repair(ctx, state, fixes)
	for i, e := range results {
		switch f := of[i]; {
		case e == nil:
			f.Status, f.Detail = Repaired, ""
			repaired++
		default:
			f.Detail = e.Error()
		}
	}
	return repaired, err
}
