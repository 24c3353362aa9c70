package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/atollkv/atoll/client"
)

var historyFlags = []flagHelp{{"--count N", "how many, up to 1000 (default 10)"}}

func runHistory(ctx context.Context, s *session, args []string) reply {
	n, f := takeNumber(&args, "--count", 0)
	switch {
	case f != nil:
		return errReply{f}
	case len(args) != 1:
		return errReply{usagef("history needs one key").hint("use: history KEY [--count N]")}
	}
	if _, f := s.connect(ctx); f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	answer, err := s.here().History(ctx, args[0], int(min(n, 1<<31-1)))
	if err != nil {
		return errReply{explain(err)}
	}
	return historyReply(answer)
}

func historyReply(h client.History) reply {
	t := table{}
	t.add("TIME", "WRITTEN IN", "UPDATE", "", "WHAT")
	docs, reach := []object{}, []object{}
	for _, u := range h.Updates {
		here := ""
		if u.Here {
			here = "here"
		}
		t.add(stampTime(u.Stamp), nodeName(u.Region, u.Node), fmt.Sprintf("%s:%d", originID(u.Origin), u.Seq), here, strings.Join(u.Effects, ", "))
		doc := writerDocument(u.Writer)
		doc["here"], doc["effects"] = u.Here, u.Effects
		docs = append(docs, doc)
	}
	var out strings.Builder
	if len(h.Updates) > 0 {
		out.WriteString(t.String() + "\n")
	} else {
		out.WriteString("no update of it among those\n")
	}
	if h.LookedTo != 0 {
		fmt.Fprintf(&out, "looked at %s, down to %s; there is more\n", count(h.LookedAt, "record"), stampTime(h.LookedTo))
	} else {
		fmt.Fprintf(&out, "looked at all of the op log: %s\n", count(h.LookedAt, "record"))
	}
	for _, x := range h.Reach {
		fmt.Fprintf(&out, "of %s it has updates %d to %d of %s, since %s\n", nodeName(x.First.Region, x.First.Node), x.First.Seq, x.Last, originID(x.First.Origin), stampTime(x.First.Stamp))
		doc := writerDocument(x.First)
		doc["last_seq"] = x.Last
		reach = append(reach, doc)
	}
	doc := object{"updates": docs, "looked_at": h.LookedAt, "looked_to": nil, "reach": reach}
	if h.LookedTo != 0 {
		doc["looked_to"] = stampTime(h.LookedTo)
	}
	return pageReply{page: out.String(), doc: doc}
}
