package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

const verifyUse = "use: atoll verify [--region R] [--repair [--from R]] [--quick | --last]"

// verifyRows bounds the cells that the page shows of one node; the JSON document has more.
const verifyRows = 50

var verifyFlags = []flagHelp{
	{"--region R", "only the nodes of this region compare themselves with the others (default: every node)"},
	{"--repair", "each node heals its own cells where it can be told who is right"},
	{"--from R", "with --repair: region R is right, whatever the others hold"},
	{"--quick", "trust the digests kept in memory instead of reading every cell from disk"},
	{"--last", "show the latest report, of the background too, and how far a running one is"},
}

func verifyCommands() []*command {
	return []*command{
		{name: "verify", group: groupCluster, max: -1, args: "[--region R] [--repair [--from R]] [--quick | --last]",
			summary: "compare the data of all regions cell by cell, and heal what differs",
			example: "atoll verify --repair", run: runVerify, flags: verifyFlags},
	}
}

type verifyArgs struct {
	region, from        string
	repair, quick, last bool
}

func readVerifyArgs(args []string) (*verifyArgs, *failure) {
	a := &verifyArgs{}
	texts := map[string]*string{"--region": &a.region, "--from": &a.from}
	switches := map[string]*bool{"--repair": &a.repair, "--quick": &a.quick, "--last": &a.last}
	for len(args) > 0 {
		name, value, joined := strings.Cut(args[0], "=")
		args = args[1:]
		if to := switches[name]; to != nil && !joined {
			*to = true
			continue
		}
		to := texts[name]
		if to == nil {
			return nil, usagef("unknown argument %s of verify%s", clip(name), didYouMean(name, []string{"--region", "--repair", "--from", "--quick", "--last"})).hint(verifyUse)
		}
		if !joined {
			if len(args) == 0 {
				return nil, usagef("%s needs a region", name).hint(verifyUse)
			}
			value, args = args[0], args[1:]
		}
		*to = value
	}
	switch {
	case a.from != "" && !a.repair:
		return nil, usagef("--from says whom to repair from: it needs --repair").hint(verifyUse)
	case a.last && (a.repair || a.quick):
		return nil, usagef("--last only shows what was found; it goes with --region alone").hint(verifyUse)
	}
	return a, nil
}

// verified is what one member found, or why it found nothing.
type verified struct {
	*member
	report  *pb.VerifyReport
	running *pb.VerifyProgress
	problem *failure
}

func runVerify(ctx context.Context, s *session, args []string) reply {
	a, f := readVerifyArgs(args)
	if f != nil {
		return errReply{f}
	}
	c, f := findMembers(ctx, s)
	if f != nil {
		return errReply{f}
	}
	defer c.close(s)
	var rows []*verified
	for _, m := range c.members {
		if a.region == "" || m.region == a.region {
			rows = append(rows, &verified{member: m, problem: m.problem})
		}
	}
	if len(rows) == 0 {
		return errReply{failf("NOTFOUND", exitNotFound, "no member in region %s", clip(a.region)).hint("see them: atoll status")}
	}
	b := newBar(s, func(n uint64) string { return fmt.Sprint(n) })
	defer b.end()
	for _, v := range rows {
		v.ask(ctx, a, b)
	}
	if repairedAny(rows) {
		// What one node healed, another may have found wrong before.
		again := &verifyArgs{quick: true}
		for _, v := range rows {
			if v.report != nil && !v.report.GetClean() {
				v.again(ctx, again, b)
			}
		}
	}
	b.end()
	return verifyReply(rows, a)
}

func repairedAny(rows []*verified) bool {
	for _, v := range rows {
		if v.report.GetRepaired() > 0 {
			return true
		}
	}
	return false
}

// again looks once more and keeps what was repaired before.
func (v *verified) again(ctx context.Context, a *verifyArgs, b *bar) {
	before := v.report
	if v.ask(ctx, a, b); v.report == nil {
		return
	}
	v.report.SetRepaired(before.GetRepaired())
	findings := v.report.GetFindings()
	for _, f := range before.GetFindings() {
		if f.GetStatus() == "repaired" {
			findings = append(findings, f)
		}
	}
	v.report.SetFindings(findings)
}

// ask runs a verification at the member, or fetches its latest report.
func (v *verified) ask(ctx context.Context, a *verifyArgs, b *bar) {
	if v.problem != nil {
		return
	}
	if _, f := v.admin(ctx); f != nil {
		v.problem = f
		return
	}
	service := pb.NewVerifyClient(v.conn.Conn())
	if a.last {
		last, err := service.LastVerify(ctx, &pb.LastVerifyRequest{})
		if err != nil {
			v.problem = explain(err)
			return
		}
		v.report, v.running = last.GetReport(), last.GetProgress()
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := service.Verify(ctx, pb.VerifyRequest_builder{Quick: a.quick, Repair: a.repair, From: a.from}.Build())
	for err == nil {
		var m *pb.VerifyResponse
		if m, err = stream.Recv(); err != nil {
			break
		}
		if m.HasReport() {
			v.report = m.GetReport()
			return
		}
		p := m.GetProgress()
		label := strings.TrimSpace(v.name() + " " + p.GetPhase() + " " + p.GetPeer())
		b.set(label, p.GetDone(), p.GetTotal())
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the node ended the verification without a report; see its log")
	}
	v.problem = explain(err)
}

// remaining is how many cells differ still.
func remaining(r *pb.VerifyReport) uint64 {
	return r.GetRepairable() + r.GetPeerWrong() + r.GetUndecided()
}

func verifyReply(rows []*verified, a *verifyArgs) reply {
	var page strings.Builder
	docs := []object{}
	left, unsure, undecided := uint64(0), false, uint64(0)
	for _, v := range rows {
		docs = append(docs, v.document())
		page.WriteString(v.page())
		switch {
		case v.report == nil:
			unsure = true
		default:
			left = max(left, remaining(v.report))
			undecided += v.report.GetUndecided()
			unsure = unsure || !v.report.GetClean() && remaining(v.report) == 0
		}
	}
	verdict, code := "all compared, nothing differs", exitOK
	switch {
	case left > 0:
		verdict, code = count(left, "cell")+" still "+plural(left, "differs", "differ"), exitError
		switch {
		case undecided > 0:
			verdict += "\nno majority tells who is right; decide with: atoll verify --repair --from REGION"
		case !a.repair:
			verdict += "\nheal with: atoll verify --repair"
		}
	case unsure:
		verdict, code = "nothing differs in what was compared, but not everything could be compared", exitError
	}
	page.WriteString(verdict + "\n")
	return pageReply{page: page.String(), doc: object{"clean": code == exitOK, "differing": left, "nodes": docs}, code: code}
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (v *verified) page() string {
	name := or(v.name(), v.address)
	r := v.report
	running := ""
	if p := v.running; p != nil {
		running = fmt.Sprintf("%s: running: %s %s %d of %d\n", name, p.GetPhase(), p.GetPeer(), p.GetDone(), p.GetTotal())
	}
	switch {
	case v.problem != nil:
		return fmt.Sprintf("%s: no answer: %s\n\n", name, v.problem.Message)
	case r == nil:
		return running + name + ": not verified yet\n\n"
	}
	out := running + fmt.Sprintf("%s: %s, %s, %s", name, count(r.GetCells(), "cell"), counted(uint64(r.GetPasses()), "pass", "passes"), period(r.GetTookUs()/1000))
	if n := r.GetRepaired(); n > 0 {
		out += ", " + count(n, "cell") + " repaired"
	}
	if n := len(r.GetDamagedSlots()); n > 0 {
		out += fmt.Sprintf(", %d slots with cells that could not be decoded", n)
	}
	if n := len(r.GetUnreadableSlots()); n > 0 {
		out += fmt.Sprintf(", %d slots that could not be read", n)
	}
	if r.GetProblem() != "" {
		out += "\n  not compared: " + r.GetProblem()
	}
	return out + "\n" + peerTable(r) + findingTable(r) + "\n"
}

func counted(n uint64, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

func peerTable(r *pb.VerifyReport) string {
	t := table{}
	t.add("  WITH", "SLOTS COMPARED", "SKIPPED", "DIFFERING", "BYTES", "")
	for _, p := range r.GetPeers() {
		t.add("  "+nodeName(p.GetRegion(), p.GetNode()), fmt.Sprint(p.GetSlotsCompared()), fmt.Sprint(p.GetSlotsSkipped()), fmt.Sprint(p.GetSlotsDiffering()),
			size(p.GetBytesSent()+p.GetBytesReceived()), p.GetProblem())
	}
	if len(t.rows) == 1 {
		return ""
	}
	return t.String()
}

func findingTable(r *pb.VerifyReport) string {
	if len(r.GetFindings()) == 0 {
		return ""
	}
	t := table{}
	t.add("  CELL", "SLOT", "STATUS", "DIGESTS")
	for _, f := range r.GetFindings()[:min(len(r.GetFindings()), verifyRows)] {
		var digests []string
		for _, v := range f.GetVersions() {
			digests = append(digests, nodeName(v.GetRegion(), v.GetNode())+" "+digestText(v))
		}
		if f.GetDetail() != "" {
			digests = append(digests, "("+f.GetDetail()+")")
		}
		t.add("  "+f.GetName(), fmt.Sprint(f.GetSlot()), f.GetStatus(), strings.Join(digests, ", "))
	}
	out := t.String()
	if all := remaining(r) + r.GetRepaired() + r.GetGone(); all > verifyRows {
		out += fmt.Sprintf("  … %d in all; more with --output json\n", all)
	}
	return out
}

func digestText(v *pb.VerifyVersion) string {
	switch {
	case v.GetUnreadable():
		return "unreadable"
	case v.GetDigest() == 0:
		return "none"
	default:
		return fmt.Sprintf("%016x", v.GetDigest())
	}
}

func (v *verified) document() object {
	doc := object{"region": v.region, "node": v.node, "address": v.address}
	if v.problem != nil {
		doc["problem"] = v.problem.Error()
		return doc
	}
	if p := v.running; p != nil {
		doc["running"] = object{"phase": p.GetPhase(), "peer": p.GetPeer(), "done": p.GetDone(), "total": p.GetTotal()}
	}
	r := v.report
	if r == nil {
		return doc
	}
	peers := []object{}
	for _, p := range r.GetPeers() {
		peers = append(peers, object{
			"region": p.GetRegion(), "node": p.GetNode(), "slots_compared": p.GetSlotsCompared(), "slots_skipped": p.GetSlotsSkipped(),
			"slots_differing": p.GetSlotsDiffering(), "bytes_sent": p.GetBytesSent(), "bytes_received": p.GetBytesReceived(), "problem": p.GetProblem(),
		})
	}
	findings := []object{}
	for _, f := range r.GetFindings() {
		digests := object{}
		for _, x := range f.GetVersions() {
			digests[nodeName(x.GetRegion(), x.GetNode())] = digestText(x)
		}
		findings = append(findings, object{"cell": f.GetName(), "slot": f.GetSlot(), "status": f.GetStatus(), "detail": f.GetDetail(), "digests": digests})
	}
	for key, value := range (object{
		"clean": r.GetClean(), "began_ms": r.GetBeganMs(), "took_us": r.GetTookUs(), "cells": r.GetCells(), "passes": r.GetPasses(),
		"problem": r.GetProblem(), "peers": peers, "findings": findings, "repaired": r.GetRepaired(), "repairable": r.GetRepairable(),
		"peer_wrong": r.GetPeerWrong(), "undecided": r.GetUndecided(), "gone": r.GetGone(),
		"damaged_slots": r.GetDamagedSlots(), "unreadable_slots": r.GetUnreadableSlots(),
	}) {
		doc[key] = value
	}
	return doc
}
