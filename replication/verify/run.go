package verify

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/atollkv/atoll/internal/slotset"
)

const (
	// maxFindings bounds the cells that a report names.
	maxFindings = 1 << 17
	// idlePasses is after how many passes without anything new a verification ends; each
	// waits twice as long as the one before.
	idlePasses = 5
	maxPasses  = 64
	firstPause = 50 * time.Millisecond
)

// run is one verification: passes over what is still to be compared.
type run struct {
	v      *Verifier
	o      Options
	tell   func(Progress)
	salt   uint64
	report *Report
	peers  []*peerRun
	found  map[uint64]*found
}

// peerRun is one peer during a run.
type peerRun struct {
	Peer
	report  PeerReport
	pending slotset.Set // still to be compared
	differs slotset.Set // slots that ever differed

	// Of one pass.
	ask   *asker
	diffs map[uint64]difference
	err   error
}

// found is one cell that differed in some pass.
type found struct{ Finding }

func newRun(v *Verifier, o Options, tell func(Progress)) *run {
	wall, _ := v.cfg.Wall.Read()
	r := &run{v: v, o: o, tell: tell, salt: v.cfg.Salt(), found: map[uint64]*found{}}
	r.report = &Report{Node: v.cfg.Self, Began: time.UnixMilli(wall)}
	for _, p := range v.cfg.Peers() {
		r.peers = append(r.peers, &peerRun{Peer: p, pending: slotset.All(), report: PeerReport{Region: p.Region, Node: p.Node, Problem: p.Problem}})
	}
	return r
}

func (r *run) do(ctx context.Context) (*Report, error) {
	_, began := r.v.cfg.Wall.Read()
	if len(r.peers) == 0 {
		r.report.Problem = "this node knows no peer"
	}
	pause := firstPause
	if o := r.o.From; o != "" && o != r.report.Node.Region && !slices.ContainsFunc(r.peers, func(p *peerRun) bool { return p.Region == o }) {
		r.report.Problem = "no peer of region " + o + " is known"
	}
	for idle := 0; r.report.Problem == "" && idle < idlePasses && r.report.Passes < maxPasses && r.left(); {
		if r.report.Passes > 0 {
			if err := sleep(ctx, pause); err != nil {
				return nil, err
			}
		}
		moved, err := r.pass(ctx)
		if err != nil {
			return nil, err
		}
		switch {
		case moved:
			idle, pause = 0, firstPause
		case r.skipped():
			idle, pause = idle+1, 2*pause
		default:
			idle = idlePasses // what is left differs, and waiting does not help
		}
	}
	_, now := r.v.cfg.Wall.Read()
	r.report.Took = now - began
	r.finish()
	return r.report, nil
}

// left reports whether another pass can find something out.
func (r *run) left() bool {
	return r.report.Passes == 0 || slices.ContainsFunc(r.peers, func(p *peerRun) bool {
		return p.report.Problem == "" && r.o.Repair && !p.pending.Empty() || r.skippedAt(p)
	})
}

// skipped reports whether slots could not be compared yet.
func (r *run) skipped() bool {
	return slices.ContainsFunc(r.peers, r.skippedAt)
}

func (r *run) skippedAt(p *peerRun) bool {
	rest := p.pending.Without(p.differs)
	return p.report.Problem == "" && !rest.Empty()
}

// pass pins one state, compares it with all peers, judges, and repairs. moved tells that
// something was compared or repaired that had not been before.
func (r *run) pass(ctx context.Context) (moved bool, err error) {
	state, err := r.v.cfg.Replica.Pin()
	if err != nil {
		return false, err
	}
	defer func() {
		if e := state.Close(); err == nil {
			err = e
		}
	}()
	if state.Ahead() {
		r.report.Problem = "this node takes over state from another node; verify when that has ended"
		return false, nil
	}
	r.report.Passes++
	defer r.hangUp()
	r.openAll(ctx, state)
	if err := r.read(ctx, state); err != nil {
		return false, err
	}
	before := r.pending()
	for i, p := range r.peers {
		r.tell(Progress{"compare", p.Region + "/" + p.Node, uint64(i), uint64(len(r.peers))})
		r.compare(ctx, p)
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	repaired, err := r.settle(ctx, state)
	return repaired > 0 || r.pending() < before, err
}

func (r *run) pending() (n int) {
	for _, p := range r.peers {
		n += p.pending.Len()
	}
	return n
}

// wanted returns the slots to compare with a peer in this pass: those still to be compared
// and, since it takes three to decide, those that differ from any other peer.
func (r *run) wanted(p *peerRun) slotset.Set {
	out := p.pending
	for _, q := range r.peers {
		out = out.Or(q.pending.And(q.differs))
	}
	return out
}

// openAll asks all peers to pin their states, at the same moment as far as that goes.
func (r *run) openAll(ctx context.Context, state State) {
	var wg sync.WaitGroup
	for _, p := range r.peers {
		p.ask, p.diffs, p.err = nil, map[uint64]difference{}, nil
		if wanted := r.wanted(p); p.report.Problem == "" && !wanted.Empty() {
			wg.Go(func() { p.open(ctx, r, state) })
		}
	}
	wg.Wait()
}

func (p *peerRun) open(ctx context.Context, r *run, state State) {
	conn, err := r.v.cfg.Transport.Dial(ctx, p.Address)
	if err != nil {
		p.report.Problem = err.Error()
		return
	}
	p.ask = &asker{conn: conn, salt: r.salt, state: state}
	self := r.v.cfg.Self
	opened, err := call[*Opened](ctx, conn, &Open{
		Cluster: self.Cluster, Region: self.Region, Node: self.Node, Vector: state.Vector(),
		All: r.o.All && r.report.Passes == 1, Salt: r.salt,
	})
	switch {
	case err != nil:
		p.report.Problem = err.Error()
	case opened.Refused != "":
		p.report.Problem = opened.Refused
	default:
		p.ask.peer = opened.Vector
		p.Region, p.Node = opened.Region, opened.Node
		p.report.Region, p.report.Node = opened.Region, opened.Node
	}
}

// hangUp ends the conversations of a pass.
func (r *run) hangUp() {
	for _, p := range r.peers {
		if p.ask != nil {
			sent, received := p.ask.conn.Bytes()
			p.report.BytesSent += sent
			p.report.BytesReceived += received
			p.ask.conn.Close()
		}
	}
}

// read computes this node's digests.
func (r *run) read(ctx context.Context, state State) error {
	done, total := uint64(0), r.report.Cells
	all := (r.o.All || r.o.OwnDisk) && r.report.Passes == 1
	err := state.Summarize(ctx, all, func(cells int) error {
		done += uint64(cells)
		r.tell(Progress{"read", "", done, max(total, done)})
		if r.o.Paced {
			return r.v.pace(ctx, cells)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if r.report.Passes == 1 {
		r.report.Damaged, r.report.Unreadable = state.Damaged(), state.Unreadable()
	}
	r.report.Cells, _, _ = state.Total(slotset.All())
	return nil
}

// compare finds what differs from one peer.
func (r *run) compare(ctx context.Context, p *peerRun) {
	if p.ask == nil || p.report.Problem != "" {
		return
	}
	list, err := p.ask.compare(ctx, r.wanted(p), r.v.cfg.Replica.SlotOf)
	var differ slotset.Set
	for _, d := range list {
		p.diffs[d.hash] = d
		differ.Add(d.slot)
	}
	p.differs = p.differs.Or(differ)
	if err != nil {
		p.report.Problem = err.Error()
		return
	}
	p.pending = p.pending.Without(p.ask.common.Without(differ)).Or(differ)
}

// settle judges what this pass found and repairs what it may.
func (r *run) settle(ctx context.Context, state State) (repaired int, err error) {
	var hashes []uint64
	seen := map[uint64]difference{}
	for _, p := range r.peers {
		for h, d := range p.diffs {
			if _, ok := seen[h]; !ok {
				hashes, seen[h] = append(hashes, h), d
			}
		}
	}
	slices.SortFunc(hashes, func(a, b uint64) int { return cmp.Or(cmp.Compare(seen[a].slot, seen[b].slot), cmp.Compare(a, b)) })
	wrong := map[*peerRun][]difference{} // by the peer to repair from
	for _, h := range hashes {
		f, healer := r.judge(seen[h])
		if f.Status == Repairable && r.o.Repair {
			wrong[healer] = append(wrong[healer], healer.held(seen[h]))
		}
	}
	for _, p := range r.peers {
		n, err := r.repair(ctx, state, p, wrong[p])
		repaired += n
		if err != nil {
			return repaired, err
		}
	}
	return repaired, nil
}

// held returns a difference as this peer has it.
func (p *peerRun) held(d difference) difference { return p.diffs[d.hash] }

// judge records what this pass knows of one cell.
func (r *run) judge(d difference) (*found, *peerRun) {
	all := []holding{{node: r.v.cfg.Self, version: d.mine, unreadable: d.broken}}
	who := []*peerRun{nil}
	for _, p := range r.peers {
		theirs, differs := p.diffs[d.hash]
		switch {
		case p.ask == nil || !p.ask.common.Has(d.slot):
			continue // not comparable in this pass
		case differs:
			unreadable := theirs.theirs == 0 && p.ask.damaged.Has(d.slot)
			all = append(all, holding{Identity{Region: p.Region, Node: p.Node}, theirs.theirs, unreadable})
		case p.report.Problem != "":
			continue // not compared to the end
		default:
			all = append(all, holding{Identity{Region: p.Region, Node: p.Node}, d.mine, false})
		}
		who = append(who, p)
	}
	f := r.found[d.hash]
	if f == nil {
		f = &found{Finding: Finding{Name: r.v.cfg.Replica.Name(d.key), Slot: d.slot}}
		r.found[d.hash] = f
	}
	verdict := judge(all, r.o.From)
	f.Status, f.Detail, f.Versions = verdict.status, "", nil
	for _, h := range all {
		f.Versions = append(f.Versions, Version{h.node.Region, h.node.Node, uint64(h.version), h.unreadable})
	}
	return f, who[verdict.right]
}

// finish sums up.
func (r *run) finish() {
	for _, p := range r.peers {
		stuck := p.pending.And(p.differs)
		p.report.Skipped = p.pending.Len() - stuck.Len()
		p.report.Compared, p.report.Differing = slotset.Slots-p.report.Skipped, p.differs.Len()
		r.report.Peers = append(r.report.Peers, p.report)
	}
	r.report.Counts = map[Status]int{}
	for _, f := range r.found {
		if f.Status != Repaired && !r.stillDiffers(f) {
			f.Status = Gone
		}
		r.report.Counts[f.Status]++
		r.report.Findings = append(r.report.Findings, f.Finding)
	}
	slices.SortFunc(r.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Name, b.Name))
	})
	r.report.Findings = r.report.Findings[:min(len(r.report.Findings), maxFindings)]
}

// stillDiffers reports whether no later pass has found the cell's slot equal.
func (r *run) stillDiffers(f *found) bool {
	return slices.ContainsFunc(r.peers, func(p *peerRun) bool { return p.pending.Has(f.Slot) && p.differs.Has(f.Slot) })
}
