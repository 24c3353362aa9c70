package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

var clockFlags = []flagHelp{
	{"--yes", "do it: accept moves the clocks of all members up, and nothing moves them back; discard ends what the node wrote so far"},
	{"--dry-run", "show what discard would touch, and change nothing"},
}

// clockCommands decide about updates from the future.
func clockCommands() []*command {
	return []*command{
		{name: "clock", group: groupCluster, max: 4, args: "[accept ORIGIN|REGION/NODE --yes | discard REGION/NODE [--yes|--dry-run]]",
			summary: "show updates held back because their stamps lie in the future, apply them all the same, or keep them aside for good",
			example: "clock accept eu/n1 --yes", run: runClock, flags: clockFlags},
	}
}

func runClock(ctx context.Context, s *session, args []string) reply {
	yes, dry := takeFlag(&args, "--yes"), takeFlag(&args, "--dry-run")
	if len(args) > 0 && args[0] != "accept" && args[0] != "discard" {
		return errReply{usagef("unknown argument %q of clock%s", clip(args[0]), didYouMean(args[0], []string{"accept", "discard"})).
			hint("use: clock [accept ORIGIN|REGION/NODE --yes | discard REGION/NODE]")}
	}
	if len(args) == 1 {
		return errReply{usagef("clock %s needs the origin or the node whose updates it is about", args[0]).hint("see which: atoll clock")}
	}
	if dry && (len(args) == 0 || args[0] != "discard") {
		return errReply{usagef("--dry-run belongs to clock discard")}
	}
	c, f := findMembers(ctx, s)
	if f != nil {
		return errReply{f}
	}
	defer c.close(s)
	held := c.held(ctx)
	if len(args) == 0 {
		return heldReply(held)
	}
	if args[0] == "discard" {
		return discardHeld(ctx, s, held, args[1], yes, dry)
	}
	return acceptHeld(ctx, held, args[1], yes)
}

// heldBack is what one member holds back, or why it does not say.
type heldBack struct {
	*member
	origins []*pb.ParkedOrigin
	problem *failure
}

// held asks every member what it holds back.
func (c *cluster) held(ctx context.Context) []*heldBack {
	rows := make([]*heldBack, len(c.members))
	byMember := map[*member]*heldBack{}
	for i, m := range c.members {
		rows[i] = &heldBack{member: m, problem: m.problem}
		byMember[m] = rows[i]
	}
	askAll(c.members, func(m *member) { byMember[m].ask(ctx) })
	return rows
}

func (h *heldBack) ask(ctx context.Context) {
	if h.problem != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, memberWait)
	defer cancel()
	if _, h.problem = h.admin(ctx); h.problem != nil {
		return
	}
	answer, err := h.conn.Clock().Parked(ctx, &pb.ParkedRequest{})
	if err != nil {
		h.problem = explain(err)
		return
	}
	h.origins = answer.GetOrigins()
}

// heldReply shows who holds back what of whom.
func heldReply(rows []*heldBack) reply {
	t := table{}
	t.add("MEMBER", "HOLDS BACK", "OF", "ORIGIN", "SIZE", "FIRST AHEAD", "LAST AHEAD")
	docs, total := []object{}, 0
	for _, h := range rows {
		doc := object{"region": h.region, "node": h.node, "reachable": h.problem == nil, "parked": parkedDocuments(h.origins)}
		switch {
		case h.problem != nil:
			t.add(h.name(), "no answer: "+h.problem.Message)
		case len(h.origins) == 0:
			t.add(h.name(), "nothing")
		}
		for _, o := range h.origins {
			total++
			t.add(h.name(), count(o.GetLastSeq()-o.GetFirstSeq()+1, "update"), or(nodeName(o.GetRegion(), o.GetNode()), "?"), originID(o.GetOrigin()),
				size(o.GetBytes()), period(uint64(max(0, o.GetNextMs()))), period(uint64(max(0, o.GetAheadMs()))))
		}
		docs = append(docs, doc)
	}
	page := t.String()
	if total > 0 {
		page += "\nThey are applied when these clocks reach their stamps; nothing is dropped. Repair the clock that is wrong, and wait, or see: atoll help clock\n"
	}
	return pageReply{page: page, doc: object{"members": docs}}
}

func parkedDocuments(list []*pb.ParkedOrigin) []object {
	docs := []object{}
	for _, o := range list {
		docs = append(docs, object{
			"origin": originID(o.GetOrigin()), "region": o.GetRegion(), "node": o.GetNode(), "frames": o.GetFrames(), "bytes": o.GetBytes(),
			"first_seq": o.GetFirstSeq(), "last_seq": o.GetLastSeq(), "next_ms": o.GetNextMs(), "ahead_ms": o.GetAheadMs(),
		})
	}
	return docs
}

// named returns the origins among those held back that an argument names: one by its 16 digits, or all of a
// node.
func named(rows []*heldBack, what string) (origins []uint64, ahead int64) {
	id, err := strconv.ParseUint(what, 16, 64)
	isID := err == nil && len(what) == 16
	for _, h := range rows {
		for _, o := range h.origins {
			if isID && o.GetOrigin() == id || !isID && nodeName(o.GetRegion(), o.GetNode()) == what {
				origins = append(origins, o.GetOrigin())
				ahead = max(ahead, o.GetAheadMs())
			}
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins), ahead
}

// acceptHeld applies at every member what it holds back of the origins named.
func acceptHeld(ctx context.Context, rows []*heldBack, what string, yes bool) reply {
	origins, ahead := named(rows, what)
	if len(origins) == 0 {
		return errReply{failf("NOTFOUND", exitNotFound, "no member holds anything back of %s", clip(what)).hint("see what is held back: atoll clock")}
	}
	if !yes {
		return errReply{failf("DENIED", exitRefused, "this moves the clocks of all members %s ahead, for as long as it takes the time to get there: "+
			"until then concurrent writes are decided by who wrote more, not by who wrote later", period(uint64(max(0, ahead)))).
			hint("repair the wrong clock first; then: atoll clock accept %s --yes", clip(what))}
	}
	var failed []string
	t := table{}
	t.add("MEMBER", "APPLIED", "ITS CLOCK NOW")
	docs := []object{}
	for _, h := range rows {
		answer := h.accept(ctx, origins)
		if h.problem != nil {
			failed = append(failed, h.name())
			t.add(h.name(), "no answer: "+h.problem.Message, "")
			continue
		}
		updates := uint64(0)
		for _, o := range answer.GetAccepted() {
			updates += o.GetLastSeq() - o.GetFirstSeq() + 1
		}
		t.add(h.name(), count(updates, "update"), stampTime(answer.GetStamp()))
		docs = append(docs, object{"region": h.region, "node": h.node, "accepted": parkedDocuments(answer.GetAccepted()), "time": stampTime(answer.GetStamp())})
	}
	page, code := t.String(), exitOK
	if len(failed) > 0 {
		code = exitUnavailable
		page += fmt.Sprintf("\n%s did not do it: what the others write is now from the future there; run it again when they answer\n", strings.Join(failed, ", "))
	}
	return pageReply{page: page, doc: object{"members": docs, "failed": failed}, code: code}
}

func (h *heldBack) accept(ctx context.Context, origins []uint64) *pb.AcceptParkedResponse {
	if h.problem != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, memberWait)
	defer cancel()
	answer, err := h.conn.Clock().AcceptParked(ctx, pb.AcceptParkedRequest_builder{Origins: origins}.Build())
	if err != nil {
		h.problem = explain(err)
	}
	return answer
}
