package main

import (
	"context"
	"fmt"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// clusterCommands look at nodes and at all of them together.
func clusterCommands() []*command {
	return []*command{
		{name: "status", group: groupCluster, summary: "show the node, its peers and the members it knows on one screen",
			example: "status", run: runStatus},
		{name: "lag", group: groupCluster, summary: "show how far every region is behind every other",
			example: "lag", run: runLag},
		{name: "digest", group: groupCluster, summary: "show the node's version vector and the digest of all live data under it",
			example: "digest", run: runDigest},
		{name: "converged", args: "[--wait DURATION] [--allow-alone]", group: groupCluster, max: 3,
			summary: "ask all members for vectors and digests; exit 0 when all that answer hold the same",
			example: "converged --wait 10s", run: runConverged, flags: convergedFlags},
	}
}

func runStatus(ctx context.Context, s *session, _ []string) reply {
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	status, err := node.Admin().Status(ctx, &pb.StatusRequest{})
	if err != nil {
		return errReply{explain(err)}
	}
	d := askDecisions(ctx, node)
	page, doc := statusPage(status, d), statusDocument(status)
	doc["decisions"], doc["kept_aside"] = decisionDocuments(d.members), keptDocuments(d.kept)
	// An older node does not know of transfers: the rest is shown all the same.
	if t, err := pb.NewTransferAdminClient(node.Conn()).TransferStatus(ctx, &pb.TransferStatusRequest{}); err == nil {
		page, doc["transfer"] = statusTransfer(page, t), transferDocument(t)
	}
	return pageReply{page: page, doc: doc}
}

func statusPage(st *pb.StatusResponse, d decisions) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s of cluster %s, %s, up %s, version %s\n", nodeName(st.GetRegion(), st.GetNode()), st.GetCluster(),
		st.GetState(), period(st.GetUptimeMs()), or(st.GetVersion(), "unknown"))
	origin := "none yet (no write since the start)"
	if st.GetOrigin() != 0 {
		origin = originID(st.GetOrigin())
	}
	fmt.Fprintf(&out, "clock %s (%+d ms), fsync %s, origin %s\n", st.GetClockVerdict(), st.GetClockSkewMs(), st.GetFsync(), origin)
	for _, a := range st.GetAlarms() {
		fmt.Fprintf(&out, "ALARM: %s\n", a)
	}
	for _, sh := range st.GetShards() {
		fmt.Fprintf(&out, "%s/%d: %s from %s, op log %s", sh.GetNamespace(), sh.GetShard(), count(sh.GetUpdatesApplied(), "update"),
			count(uint64(len(sh.GetVector())), "origin"), size(sh.GetLogBytes()))
		if sh.GetWaitingFrames() > 0 {
			fmt.Fprintf(&out, ", %s waiting for others (%s)", count(sh.GetWaitingFrames(), "frame"), size(sh.GetWaitingBytes()))
		}
		if sh.GetParkedFrames() > 0 {
			fmt.Fprintf(&out, ", %s PARKED, stamped %s ahead", count(sh.GetParkedFrames(), "frame"), period(uint64(max(0, sh.GetParkedAheadMs()))))
			out.WriteString(" (whose: atoll clock)")
		}
		out.WriteString("\n")
	}
	out.WriteString(namespaceTable(st) + "\n" + memberTable(st, d) + d.waits())
	return out.String()
}

// namespaceTable lists the namespaces where there are others than the default one.
func namespaceTable(st *pb.StatusResponse) string {
	if len(st.GetNamespaces()) < 2 {
		return ""
	}
	t := table{}
	t.add("NAMESPACE", "NUMBER", "KEYS")
	for _, n := range st.GetNamespaces() {
		number, keys := "-", "not counted"
		if n.HasNumber() {
			number = fmt.Sprint(n.GetNumber())
		}
		if n.HasKeys() {
			keys = fmt.Sprint(n.GetKeys())
		}
		t.add(n.GetName(), number, keys)
	}
	out := "\n" + t.String()
	if st.GetMoreNamespaces() {
		out += "and more; all of them: atoll namespaces\n"
	}
	return out
}

// memberTable joins what gossip and replication say about each member.
func memberTable(st *pb.StatusResponse, d decisions) string {
	peers := map[string]*pb.PeerStatus{}
	for _, p := range st.GetPeers() {
		peers[p.GetAddress()] = p
		if p.GetNode() != "" {
			peers[nodeName(p.GetRegion(), p.GetNode())] = p
		}
	}
	shown := map[*pb.PeerStatus]bool{}
	t := table{}
	t.add("MEMBER", "ADDRESS", "GOSSIP", "LINK", "BEHIND", "AHEAD", "RTT", "SKEW", "STATE")
	for _, m := range st.GetMembers() {
		name := nodeName(m.GetRegion(), m.GetNode())
		if m.GetSelf() {
			t.add(name, m.GetAddress(), or(m.GetGossip(), "-"), "this node", "-", "-", "-", "-", d.state(name))
			continue
		}
		p := peers[name]
		if p == nil {
			p = peers[m.GetAddress()]
		}
		shown[p] = true
		t.add(append(append([]string{name, m.GetAddress(), or(m.GetGossip(), "-")}, peerCells(p)...), d.state(name))...)
	}
	for _, p := range st.GetPeers() {
		if !shown[p] {
			name := nodeName(p.GetRegion(), p.GetNode())
			t.add(append(append([]string{name, p.GetAddress(), "-"}, peerCells(p)...), d.state(name))...)
		}
	}
	return t.String()
}

func peerCells(p *pb.PeerStatus) []string {
	if p == nil {
		return []string{"-", "-", "-", "-", "-"}
	}
	link := p.GetState()
	if p.GetState() != "connected" && p.GetLastError() != "" {
		link += " (" + clip(p.GetLastError()) + ")"
	}
	return []string{link, fmt.Sprintf("%d (%s)", p.GetBehindUpdates(), period(p.GetBehindMs())), fmt.Sprint(p.GetAheadUpdates()),
		fmt.Sprintf("%.1f ms", float64(p.GetRttUs())/1000), fmt.Sprintf("%+d ms", p.GetSkewMs())}
}

func statusDocument(st *pb.StatusResponse) object {
	shards, peers, members, spaces := []object{}, []object{}, []object{}, []object{}
	for _, n := range st.GetNamespaces() {
		space := object{"namespace": n.GetName(), "number": nil, "keys": nil, "ending": nil}
		if n.HasNumber() {
			space["number"] = n.GetNumber()
		}
		if n.HasKeys() {
			space["keys"], space["ending"] = n.GetKeys(), n.GetEnding()
		}
		spaces = append(spaces, space)
	}
	for _, sh := range st.GetShards() {
		shards = append(shards, object{
			"namespace": sh.GetNamespace(), "shard": sh.GetShard(), "vector": vectorDocument(sh.GetVector()), "durable": vectorDocument(sh.GetDurable()),
			"log_bytes": sh.GetLogBytes(), "waiting_frames": sh.GetWaitingFrames(), "waiting_bytes": sh.GetWaitingBytes(),
			"parked_frames": sh.GetParkedFrames(), "parked_ahead_ms": sh.GetParkedAheadMs(),
			"updates_applied": sh.GetUpdatesApplied(), "commits": sh.GetCommits(),
		})
	}
	for _, p := range st.GetPeers() {
		peers = append(peers, object{
			"region": p.GetRegion(), "node": p.GetNode(), "address": p.GetAddress(), "state": p.GetState(), "last_error": p.GetLastError(),
			"rtt_us": p.GetRttUs(), "skew_ms": p.GetSkewMs(), "behind_updates": p.GetBehindUpdates(), "behind_ms": p.GetBehindMs(),
			"ahead_updates": p.GetAheadUpdates(), "connected_ms": p.GetConnectedMs(), "frames_received": p.GetFramesReceived(),
			"bytes_received": p.GetBytesReceived(), "frames_duplicate": p.GetFramesDuplicate(),
		})
	}
	for _, m := range st.GetMembers() {
		members = append(members, object{
			"region": m.GetRegion(), "node": m.GetNode(), "address": m.GetAddress(), "http_address": m.GetHttpAddress(),
			"gossip": m.GetGossip(), "self": m.GetSelf(),
		})
	}
	return object{
		"cluster": st.GetCluster(), "region": st.GetRegion(), "node": st.GetNode(), "version": st.GetVersion(), "uptime_ms": st.GetUptimeMs(),
		"state": st.GetState(), "origin": originID(st.GetOrigin()), "time": stampTime(st.GetStamp()), "clock_verdict": st.GetClockVerdict(),
		"clock_skew_ms": st.GetClockSkewMs(), "fsync": st.GetFsync(), "alarms": append([]string{}, st.GetAlarms()...), "shards": shards, "peers": peers, "members": members,
		"namespaces": spaces, "more_namespaces": st.GetMoreNamespaces(),
	}
}

func vectorDocument(vector []*pb.VectorEntry) []object {
	out := make([]object, len(vector))
	for i, e := range vector {
		out[i] = object{"origin": originID(e.GetOrigin()), "seq": e.GetSeq(), "region": e.GetRegion(), "node": e.GetNode()}
	}
	return out
}

func runDigest(ctx context.Context, s *session, _ []string) reply {
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	digest, err := node.Admin().Digest(ctx, &pb.DigestRequest{})
	if err != nil {
		return errReply{explain(err)}
	}
	var page strings.Builder
	for _, sh := range digest.GetShards() {
		fmt.Fprintf(&page, "%s shard %d: digest %x over %s\n", nodeName(digest.GetRegion(), digest.GetNode()), sh.GetShard(), sh.GetDigest(), count(sh.GetCells(), "cell"))
		t := table{}
		t.add("ORIGIN", "UPDATES", "WRITTEN IN")
		for _, e := range sh.GetVector() {
			t.add(originID(e.GetOrigin()), fmt.Sprint(e.GetSeq()), nodeName(e.GetRegion(), e.GetNode()))
		}
		page.WriteString(t.String())
	}
	return pageReply{page: page.String(), doc: digestDocument(digest)}
}

func digestDocument(d *pb.DigestResponse) object {
	shards := []object{}
	for _, sh := range d.GetShards() {
		shards = append(shards, object{"shard": sh.GetShard(), "cells": sh.GetCells(),
			"digest": fmt.Sprintf("%x", sh.GetDigest()), "vector": vectorDocument(sh.GetVector())})
	}
	return object{"region": d.GetRegion(), "node": d.GetNode(), "shards": shards}
}
