package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// decisions is what a node knows of decisions about members, and what it keeps aside.
type decisions struct {
	members []*pb.MemberDecision
	kept    []*pb.SalvageOrigin
}

// askDecisions asks a node; one that is older, or has no time, says nothing, and the rest is shown all the same.
func askDecisions(ctx context.Context, node *client.Client) decisions {
	members, _ := node.Membership().ListMembers(ctx, &pb.ListMembersRequest{})
	kept, _ := node.Membership().ListSalvage(ctx, &pb.ListSalvageRequest{})
	return decisions{members.GetMembers(), kept.GetOrigins()}
}

// state is what was decided about a member.
func (d decisions) state(name string) string {
	for _, m := range d.members {
		if m.GetName() == name {
			return m.GetState()
		}
	}
	return "-"
}

// waits tells what removals wait for, and what is kept aside, a line each.
func (d decisions) waits() string {
	var out strings.Builder
	for _, m := range d.members {
		switch m.GetState() {
		case "leaving":
			fmt.Fprintf(&out, "%s is leaving: %s waits until what it has acknowledged has arrived there\n", m.GetName(), m.GetBy())
		case "sealing":
			fmt.Fprintf(&out, "%s is being removed by %s: it waits for an answer of every other member; to go on: atoll member remove %s\n", m.GetName(), m.GetBy(), m.GetName())
		}
		if m.GetMissing() > 0 {
			fmt.Fprintf(&out, "%s of %s up to its seals not here yet; when nobody has them any more: atoll member remove %s --force\n",
				count(m.GetMissing(), "update"), m.GetName(), m.GetName())
		}
	}
	of, order := map[string]uint64{}, []string{}
	for _, o := range d.kept {
		name := or(nodeName(o.GetRegion(), o.GetNode()), "?")
		if of[name] == 0 {
			order = append(order, name)
		}
		of[name] += o.GetRecords()
	}
	for _, name := range order {
		fmt.Fprintf(&out, "%s of %s kept aside; see: atoll salvage list\n", count(of[name], "update"), name)
	}
	if out.Len() > 0 {
		return "\n" + out.String()
	}
	return ""
}
