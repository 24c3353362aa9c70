package main

import (
	"context"
	"fmt"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// lagRow is what one member says about the others, or why it says nothing.
type lagRow struct {
	*member
	lag     *pb.LagResponse
	problem *failure
}

func runLag(ctx context.Context, s *session, _ []string) reply {
	c, f := findMembers(ctx, s)
	if f != nil {
		return errReply{f}
	}
	defer c.close(s)
	rows := make(map[*member]*lagRow, len(c.members))
	for _, m := range c.members {
		rows[m] = &lagRow{member: m, problem: m.problem}
	}
	askAll(c.members, func(m *member) { rows[m].ask(ctx) })
	return lagReply(c.members, rows)
}

func (r *lagRow) ask(ctx context.Context) {
	if r.problem != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, memberWait)
	defer cancel()
	admin, f := r.admin(ctx)
	if f != nil {
		r.problem = f
		return
	}
	lag, err := admin.Lag(ctx, &pb.LagRequest{})
	if err != nil {
		r.problem = explain(err)
		return
	}
	r.lag = lag
}

func lagReply(members []*member, rows map[*member]*lagRow) reply {
	t := table{}
	head := []string{"BEHIND"}
	for _, m := range members {
		head = append(head, m.label(members))
	}
	t.add(head...)
	docs := []object{}
	for _, m := range members {
		r := rows[m]
		cells := []string{m.label(members)}
		doc := object{"region": m.region, "node": m.node, "address": m.address, "reachable": r.lag != nil}
		if r.lag == nil {
			doc["problem"] = r.problem.Error()
			t.add(append(cells, "no answer: "+r.problem.Message)...)
			docs = append(docs, doc)
			continue
		}
		for _, other := range members {
			cells = append(cells, r.cell(other))
		}
		doc["from"] = lagDocument(r.lag)
		t.add(cells...)
		docs = append(docs, doc)
	}
	page := t.String() + "\nEach line: how far that region is behind the region of the column. \"?\": not heard of lately, at least this far.\n"
	return pageReply{page: page, doc: docs}
}

// label is the region; with the node where a region has several.
func (m *member) label(all []*member) string {
	for _, other := range all {
		if other != m && other.region == m.region {
			return m.name()
		}
	}
	return or(m.region, m.address)
}

func (r *lagRow) cell(other *member) string {
	if other == r.member {
		return "-"
	}
	for _, e := range r.lag.GetFrom() {
		if e.GetRegion() != other.region || e.GetNode() != other.node {
			continue
		}
		text := fmt.Sprintf("%s, %s", count(e.GetUpdates(), "update"), period(e.GetBehindMs()))
		if e.GetUpdates() == 0 && e.GetBehindMs() == 0 {
			text = "0"
		}
		if !e.GetLive() {
			text += fmt.Sprintf(" ? (silent for %s)", period(e.GetHeardMsAgo()))
		}
		return text
	}
	return "unknown"
}

func lagDocument(lag *pb.LagResponse) []object {
	from := []object{}
	for _, e := range lag.GetFrom() {
		from = append(from, object{"region": e.GetRegion(), "node": e.GetNode(), "updates": e.GetUpdates(),
			"behind_ms": e.GetBehindMs(), "live": e.GetLive(), "heard_ms_ago": e.GetHeardMsAgo()})
	}
	return from
}
