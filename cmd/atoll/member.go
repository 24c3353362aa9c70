package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// removeTime is what a removal may take at least: it waits for what the member still has.
const removeTime = 30 * time.Second

// memberCommands decide who belongs to the cluster.
func memberCommands() []*command {
	return []*command{
		{name: "member", group: groupCluster, max: -1, args: "[list | add REGION/NODE [HOST:PORT] | remove REGION[/NODE]… [--force]]",
			summary: "show, add or remove members; every member that is not removed must answer", example: "member remove ap", run: runMember,
			flags: []flagHelp{{"--force", "do not wait for what a member that answers still has: it is kept aside"}}},
		{name: "salvage", group: groupCluster, max: 4, args: "[list | replay REGION/NODE [--skip-failed] [--force] | drop REGION/NODE --yes]",
			summary: "show, issue again or forget what removed members wrote too late", example: "salvage list", run: runSalvage,
			flags: []flagHelp{{"--skip-failed", "give up updates that cannot be issued"}, {"--force", "replay here, when the member that removed it is gone: what it has issued and did not arrive here is issued again"}, {"--yes", "drop for good, at all members"}}},
	}
}

// takeFlag removes a flag from args and tells whether it was there.
func takeFlag(args *[]string, name string) bool {
	before := len(*args)
	*args = slices.DeleteFunc(slices.Clone(*args), func(a string) bool { return a == name })
	return len(*args) < before
}

func runMember(ctx context.Context, s *session, args []string) reply {
	force := takeFlag(&args, "--force")
	if len(args) == 0 {
		args = []string{"list"}
	}
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, max(s.opts.timeout, removeTime))
	defer cancel()
	switch verb, rest := args[0], args[1:]; {
	case verb == "list" && len(rest) == 0:
		r, err := node.Membership().ListMembers(ctx, &pb.ListMembersRequest{})
		return decisionsReply(r.GetMembers(), err)
	case verb == "add" && (len(rest) == 1 || len(rest) == 2):
		address := ""
		if len(rest) == 2 {
			address = rest[1]
		}
		r, err := node.Membership().AddMember(ctx, pb.AddMemberRequest_builder{Name: rest[0], Address: address}.Build())
		return decisionsReply([]*pb.MemberDecision{r.GetMember()}, err)
	case verb == "remove" && len(rest) > 0:
		r, err := node.Membership().RemoveMembers(ctx, pb.RemoveMembersRequest_builder{Names: rest, Force: force}.Build())
		return decisionsReply(r.GetMembers(), err)
	}
	return errReply{usagef("member: cannot read %q", clip(strings.Join(args, " "))).hint("try: atoll help member")}
}

func decisionsReply(list []*pb.MemberDecision, err error) reply {
	if err != nil {
		return errReply{explain(err)}
	}
	t := table{}
	t.add("MEMBER", "STATE", "ADDRESS", "DECIDED", "BY", "SEALED ORIGINS", "NOT HERE YET")
	for _, m := range list {
		when := "found"
		if m.GetStamp() > 0 {
			when = stampTime(m.GetStamp())
		}
		t.add(m.GetName(), m.GetState(), or(m.GetAddress(), "?"), when, or(m.GetBy(), "-"), fmt.Sprint(len(m.GetSeals())), count(m.GetMissing(), "update"))
	}
	return pageReply{page: t.String(), doc: object{"members": decisionDocuments(list)}}
}

func decisionDocuments(list []*pb.MemberDecision) []object {
	docs := []object{}
	for _, m := range list {
		docs = append(docs, object{"name": m.GetName(), "state": m.GetState(), "address": m.GetAddress(), "stamp": m.GetStamp(), "by": m.GetBy(),
			"life": m.GetLife(), "sealed_origins": len(m.GetSeals()), "missing": m.GetMissing()})
	}
	return docs
}

func runSalvage(ctx context.Context, s *session, args []string) reply {
	skip, force, yes := takeFlag(&args, "--skip-failed"), takeFlag(&args, "--force"), takeFlag(&args, "--yes")
	if len(args) == 0 {
		args = []string{"list"}
	}
	if args[0] == "drop" && !yes {
		return errReply{failf("DENIED", exitRefused, "this forgets acknowledged writes for good, at all members").hint("look first: atoll salvage list; then add --yes")}
	}
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, max(s.opts.timeout, removeTime))
	defer cancel()
	switch {
	case args[0] == "list" && len(args) == 1:
		r, err := node.Membership().ListSalvage(ctx, &pb.ListSalvageRequest{})
		return salvageReply(r.GetOrigins(), err)
	case args[0] == "replay" && len(args) == 2:
		r, err := node.Membership().ReplaySalvage(ctx, pb.ReplaySalvageRequest_builder{Name: args[1], SkipFailed: skip, Force: force}.Build())
		if err != nil {
			return errReply{explain(err)}
		}
		return pageReply{page: fmt.Sprintf("%s replayed, %d changed nothing, %d given up", count(r.GetRecords(), "update"), r.GetEmpty(), r.GetSkipped()),
			doc: object{"replayed": r.GetRecords(), "empty": r.GetEmpty(), "skipped": r.GetSkipped()}}
	case args[0] == "drop" && len(args) == 2:
		r, err := node.Membership().DropSalvage(ctx, pb.DropSalvageRequest_builder{Name: args[1]}.Build())
		if err != nil {
			return errReply{explain(err)}
		}
		return pageReply{page: count(r.GetRecords(), "update") + " dropped", doc: object{"dropped": r.GetRecords()}}
	}
	return errReply{usagef("salvage: cannot read %q", clip(strings.Join(args, " "))).hint("try: atoll help salvage")}
}

func salvageReply(list []*pb.SalvageOrigin, err error) reply {
	if err != nil {
		return errReply{explain(err)}
	}
	if len(list) == 0 {
		return pageReply{page: "nothing is kept aside", doc: object{"origins": []object{}}}
	}
	t := table{}
	t.add("OF", "ORIGIN", "UPDATES", "SIZE", "KEYS", "FROM", "TO", "REPLAYED BY")
	for _, o := range list {
		name := or(nodeName(o.GetRegion(), o.GetNode()), "?")
		t.add(name, originID(o.GetOrigin()), fmt.Sprint(o.GetRecords()), size(o.GetBytes()), fmt.Sprint(o.GetKeys()), stampTime(o.GetFirstStamp()), stampTime(o.GetLastStamp()), or(o.GetKeeper(), "-"))
	}
	return pageReply{page: t.String(), doc: object{"origins": keptDocuments(list)}}
}

func keptDocuments(list []*pb.SalvageOrigin) []object {
	docs := []object{}
	for _, o := range list {
		name := or(nodeName(o.GetRegion(), o.GetNode()), "?")
		docs = append(docs, object{"node": name, "origin": originID(o.GetOrigin()), "records": o.GetRecords(), "bytes": o.GetBytes(), "keys": o.GetKeys(),
			"first_seq": o.GetFirstSeq(), "last_seq": o.GetLastSeq(), "keeper": o.GetKeeper()})
	}
	return docs
}
