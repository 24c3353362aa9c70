package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// discardHeld keeps aside for good what members hold back of a node, by the agreement that removes members.
func discardHeld(ctx context.Context, s *session, rows []*heldBack, name string, yes, dry bool) reply {
	touched, updates := touchedBy(rows, name)
	if updates == 0 && askDecisions(ctx, s.node).state(name) != "sealing" { // sealing: an earlier attempt stopped half way
		return errReply{failf("NOTFOUND", exitNotFound, "no member holds anything back of %s", clip(name)).hint("see what is held back: atoll clock")}
	}
	for _, h := range rows {
		if h.problem != nil && h.name() != name {
			return errReply{failf("UNAVAILABLE", exitUnavailable, "%s must agree and does not answer: %s", h.name(), h.problem.Message).
				hint("every member but %s must be reachable; see: atoll status", clip(name))}
		}
	}
	page := touched + fmt.Sprintf("\nAll that %[1]s wrote and the others have not applied is kept aside, these updates among it (atoll salvage list); it is neither lost nor merged.\n"+
		"%[1]s stays a member. Its data directory does not: it takes no requests until that is moved away and the node begins anew.\n"+
		"Every other member must answer.\n", name)
	doc := object{"node": name, "updates": updates}
	switch {
	case dry:
		doc["dry_run"] = true
		return pageReply{page: page + "Nothing was changed (--dry-run).", doc: doc}
	case !yes && !confirm(s, page, name):
		return errReply{failf("DENIED", exitRefused, "this keeps aside for good what %s wrote and the others have not applied, and ends its data directory", clip(name)).
			hint("look first: atoll clock discard %s --dry-run; then add --yes", clip(name))}
	}
	ctx, cancel := context.WithTimeout(ctx, max(s.opts.timeout, removeTime))
	defer cancel()
	r, err := s.node.Membership().DiscardParked(ctx, pb.DiscardParkedRequest_builder{Name: name}.Build())
	if err != nil {
		return errReply{explain(err)}
	}
	m := r.GetMember()
	doc["by"], doc["life"], doc["sealed_origins"] = m.GetBy(), m.GetLife(), len(m.GetSeals())
	return pageReply{doc: doc, page: fmt.Sprintf("%s is sealed (%s) by %s, and a member in its life %d\n"+
		"next: set its clock right and let it run until atoll salvage list shows all of it; then stop it, move its data directory away, start it\n"+
		"then: atoll salvage replay %s, at %s, or atoll salvage drop %s --yes", name, count(uint64(len(m.GetSeals())), "origin"), m.GetBy(), m.GetLife(), name, m.GetBy(), name)}
}

// touchedBy shows what members hold back of a node; updates is the most that one of them does.
func touchedBy(rows []*heldBack, name string) (page string, updates uint64) {
	t := table{}
	t.add("MEMBER", "HOLDS BACK", "ORIGIN", "LAST AHEAD")
	for _, h := range rows {
		sum := uint64(0)
		for _, o := range h.origins {
			if nodeName(o.GetRegion(), o.GetNode()) == name {
				n := o.GetLastSeq() - o.GetFirstSeq() + 1
				sum += n
				t.add(h.name(), count(n, "update"), originID(o.GetOrigin()), period(uint64(max(0, o.GetAheadMs()))))
			}
		}
		updates = max(updates, sum)
	}
	return t.String(), updates
}

// confirm shows what is to be done and asks for the name of what it is done to; without a person at a
// terminal it is not done.
func confirm(s *session, page, name string) bool {
	if s.place != onlyOnce || !term.IsTerminal(int(os.Stdin.Fd())) {
		return false
	}
	fmt.Fprintf(s.err, "%s\ntype %s to do it: ", page, name)
	line, _ := s.in.ReadString('\n') // what came before the end is the answer
	return strings.TrimSpace(line) == name
}
