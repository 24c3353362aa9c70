package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/atollkv/atoll/internal/words"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func runSiblings(ctx context.Context, s *session, args []string) reply {
	op := pb.Operation_builder{Siblings: pb.SiblingsRequest_builder{Key: []byte(args[0])}.Build()}.Build()
	return s.ask(ctx, op, func(r *pb.Result) reply { return siblingsReply(r.GetSiblings().GetSiblings()) })
}

func siblingsReply(siblings []*pb.Sibling) reply {
	docs := make([]object, len(siblings))
	rows := table{}
	rows.add("", "VALUE", "TYPE", "TIME", "WRITTEN IN", "UPDATE")
	for i, sib := range siblings {
		docs[i] = siblingDocument(sib)
		mark, value := "", string(words.Quote(nil, sib.GetValue()))
		if sib.GetShown() {
			mark = "shown"
		}
		if sib.GetType() != "string" {
			value = "-"
		}
		rows.add(mark, value, sib.GetType(), stampTime(sib.GetStamp()), nodeName(sib.GetRegion(), sib.GetNode()),
			fmt.Sprintf("%s:%d", originID(sib.GetOrigin()), sib.GetSeq()))
	}
	if len(siblings) == 0 {
		return pageReply{page: "(nil)", doc: docs, code: exitNotFound}
	}
	return pageReply{page: rows.String(), doc: docs}
}

func siblingDocument(sib *pb.Sibling) object {
	doc := object{
		"type": sib.GetType(), "time": stampTime(sib.GetStamp()), "stamp": fmt.Sprint(sib.GetStamp()),
		"origin": originID(sib.GetOrigin()), "seq": sib.GetSeq(),
		"region": sib.GetRegion(), "node": sib.GetNode(), "shown": sib.GetShown(),
	}
	switch {
	case sib.GetType() != "string":
	case utf8.Valid(sib.GetValue()):
		doc["value"] = string(sib.GetValue())
	default:
		doc["value_base64"] = base64.StdEncoding.EncodeToString(sib.GetValue())
	}
	return doc
}

// nodeName names a node by region and name.
func nodeName(region, node string) string {
	return or(region, "?") + "/" + or(node, "?")
}

// pongReply answers ping.
type pongReply struct {
	region, node, cluster string
	took                  time.Duration
}

func (r pongReply) text(dst []byte, f form) []byte {
	if f != formTerminal {
		return append(dst, "PONG"...)
	}
	return fmt.Appendf(dst, "PONG from %s of cluster %s in %.1f ms", nodeName(r.region, r.node), r.cluster, float64(r.took.Microseconds())/1000)
}

func (r pongReply) document() any {
	return object{"value": "PONG", "region": r.region, "node": r.node, "cluster": r.cluster, "took_us": r.took.Microseconds()}
}
func (pongReply) exit() int { return exitOK }

func runPing(ctx context.Context, s *session, _ []string) reply {
	if _, f := s.connect(ctx); f != nil {
		return errReply{f}
	}
	start := time.Now()
	op := pb.Operation_builder{Ping: pb.PingRequest_builder{}.Build()}.Build()
	return s.ask(ctx, op, func(r *pb.Result) reply {
		p := r.GetPing()
		return pongReply{p.GetRegion(), p.GetNode(), p.GetCluster(), time.Since(start)}
	})
}
