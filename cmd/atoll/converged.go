package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// convergedPoll is the pause between two looks at a cluster that has not converged yet.
const convergedPoll = 100 * time.Millisecond

var convergedFlags = []flagHelp{
	{"--wait DURATION", "look again until it holds or the time is over"},
	{"--allow-alone", "one answer is enough, though more members are known"},
}

// look is one comparison of all members.
type look struct {
	cluster *cluster
	answers []*digestAnswer
	verdict verdict
	why     string
}

type digestAnswer struct {
	*member
	digest  *pb.DigestResponse
	problem *failure
}

type verdict string

const (
	sameEverywhere verdict = "converged"
	onTheWay       verdict = "behind"   // vectors differ
	different      verdict = "diverged" // equal vectors, different data: a defect
	alone          verdict = "alone"    // nothing to compare with
)

func runConverged(ctx context.Context, s *session, args []string) reply {
	wait, allowAlone, f := convergedArgs(args)
	if f != nil {
		return errReply{f}
	}
	deadline := time.Now().Add(wait)
	for {
		l, f := lookAtAll(ctx, s, allowAlone)
		if f != nil {
			return errReply{f}
		}
		if l.verdict == sameEverywhere || l.verdict == different || time.Now().After(deadline) {
			return l.reply(s.err)
		}
		select {
		case <-ctx.Done():
			return errReply{explain(ctx.Err())}
		case <-time.After(convergedPoll):
		}
	}
}

func convergedArgs(args []string) (wait time.Duration, allowAlone bool, f *failure) {
	for len(args) > 0 && f == nil {
		name, value, joined := strings.Cut(args[0], "=")
		args = args[1:]
		switch {
		case name == "--allow-alone" && !joined:
			allowAlone = true
		case name == "--wait":
			if !joined {
				if len(args) == 0 {
					return 0, false, usagef("--wait needs a value: --wait 10s")
				}
				value, args = args[0], args[1:]
			}
			wait, f = parseDuration("wait", value)
		default:
			f = usagef("unknown argument %q of converged%s", clip(name), didYouMean(name, []string{"--wait", "--allow-alone"})).
				hint("use: converged [--wait DURATION] [--allow-alone]")
		}
	}
	return wait, allowAlone, f
}

// lookAtAll asks every member and compares. It fails only when the session's node does not answer.
func lookAtAll(ctx context.Context, s *session, allowAlone bool) (*look, *failure) {
	c, f := findMembers(ctx, s)
	if f != nil {
		return nil, f
	}
	defer c.close(s)
	l := &look{cluster: c}
	decided := askDecisions(ctx, s.node)
	var counting []*member
	for _, m := range c.members {
		if decided.state(m.name()) == "removed" {
			continue
		}
		counting = append(counting, m)
		l.answers = append(l.answers, &digestAnswer{member: m, problem: m.problem})
	}
	byMember := map[*member]*digestAnswer{}
	for _, a := range l.answers {
		byMember[a.member] = a
	}
	askAll(counting, func(m *member) { byMember[m].ask(ctx, s.opts.timeout) })
	l.compare(allowAlone)
	return l, ctxFailure(ctx)
}

func ctxFailure(ctx context.Context) *failure {
	if ctx.Err() != nil {
		return explain(ctx.Err())
	}
	return nil
}

// ask may take longer than other questions: the node reads all its data for the digest.
func (a *digestAnswer) ask(ctx context.Context, wait time.Duration) {
	if a.problem != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	admin, f := a.admin(ctx)
	if f != nil {
		a.problem = f
		return
	}
	digest, err := admin.Digest(ctx, &pb.DigestRequest{})
	if err != nil {
		a.problem = explain(err)
		return
	}
	a.digest = digest
}

// compare judges the answers. The first differing pair is the reason given.
func (l *look) compare(allowAlone bool) {
	var heard []*digestAnswer
	for _, a := range l.answers {
		if a.digest != nil {
			heard = append(heard, a)
		}
	}
	l.verdict = sameEverywhere
	switch {
	case len(heard) == 0:
		l.verdict, l.why = alone, "no member gave a digest"
		return
	case len(heard) == 1 && len(l.answers) > 1 && !allowAlone:
		l.verdict, l.why = alone, fmt.Sprintf("only %s of %d members answered, there is nothing to compare it with", heard[0].name(), len(l.answers))
		return
	}
	for _, a := range heard {
		if missing := a.missing(heard); missing != "" {
			l.verdict, l.why = onTheWay, fmt.Sprintf("%s lacks %s", a.name(), missing)
			return
		}
	}
	for _, a := range heard[1:] {
		if shard, same := sameData(heard[0].digest, a.digest); !same {
			l.verdict = different
			l.why = fmt.Sprintf("%s and %s hold the same updates but different data in shard %d", heard[0].name(), a.name(), shard)
			return
		}
	}
}

// missing says how many updates of all that any member has this one lacks, and whose.
func (a *digestAnswer) missing(heard []*digestAnswer) string {
	own := vectors(a.digest)
	most := map[shardOrigin]*pb.VectorEntry{}
	for _, other := range heard {
		for key, e := range vectors(other.digest) {
			if most[key].GetSeq() < e.GetSeq() {
				most[key] = e
			}
		}
	}
	total, from := uint64(0), map[string]bool{}
	for key, e := range most {
		if have := own[key].GetSeq(); have < e.GetSeq() {
			total += e.GetSeq() - have
			from[or(e.GetRegion(), originID(e.GetOrigin()))] = true
		}
	}
	if total == 0 {
		return ""
	}
	regions := sortedKeys(from)
	return fmt.Sprintf("%s written in %s", count(total, "update"), strings.Join(regions, ", "))
}

type shardOrigin struct {
	shard  uint32
	origin uint64
}

func vectors(d *pb.DigestResponse) map[shardOrigin]*pb.VectorEntry {
	out := map[shardOrigin]*pb.VectorEntry{}
	for _, sh := range d.GetShards() {
		for _, e := range sh.GetVector() {
			if e.GetSeq() > 0 {
				out[shardOrigin{sh.GetShard(), e.GetOrigin()}] = e
			}
		}
	}
	return out
}

// sameData compares the digests of members whose vectors are equal.
func sameData(a, b *pb.DigestResponse) (shard uint32, same bool) {
	other := map[uint32]*pb.ShardDigest{}
	for _, sh := range b.GetShards() {
		other[sh.GetShard()] = sh
	}
	for _, sh := range a.GetShards() {
		o, found := other[sh.GetShard()]
		if !found || sh.GetCells() != o.GetCells() || !bytes.Equal(sh.GetDigest(), o.GetDigest()) {
			return sh.GetShard(), false
		}
		delete(other, sh.GetShard())
	}
	for shard := range other {
		return shard, false
	}
	return 0, true
}

// reply makes the page and the document; members that did not answer are named on stderr.
func (l *look) reply(stderr io.Writer) reply {
	docs, answered := []object{}, 0
	t := table{}
	t.add("MEMBER", "UPDATES", "CELLS", "DIGEST")
	for _, a := range l.answers {
		doc := object{"region": a.region, "node": a.node, "address": a.address, "reachable": a.digest != nil}
		if a.digest == nil {
			doc["problem"] = a.problem.Error()
			t.add(a.name(), "no answer", "", "")
			_, _ = fmt.Fprintf(stderr, "%s did not answer: %s\n", a.name(), a.problem.Message)
		} else {
			answered++
			doc["shards"] = digestDocument(a.digest)["shards"]
			t.add(a.cells()...)
		}
		docs = append(docs, doc)
	}
	verdict := fmt.Sprintf("not converged: %s", l.why)
	code := exitError
	switch {
	case l.verdict == sameEverywhere:
		code, verdict = exitOK, fmt.Sprintf("converged: all %s hold the same", count(uint64(answered), "member"))
		if answered < len(l.answers) {
			verdict = fmt.Sprintf("converged: the %d members that answered (of %d) hold the same", answered, len(l.answers))
		}
	case l.verdict == different:
		verdict = "DIVERGED: " + l.why + "; keep the data directories and report this"
	case answered == 0:
		code = exitUnavailable
	}
	doc := object{"converged": code == exitOK, "verdict": string(l.verdict), "why": l.why, "answered": answered, "known": len(l.answers), "members": docs}
	return pageReply{page: t.String() + "\n" + verdict, doc: doc, code: code}
}

func (a *digestAnswer) cells() []string {
	updates, cells, digest := uint64(0), uint64(0), ""
	for _, e := range vectors(a.digest) {
		updates += e.GetSeq()
	}
	for _, sh := range a.digest.GetShards() {
		cells += sh.GetCells()
		digest += fmt.Sprintf("%x ", sh.GetDigest())
	}
	return []string{a.name(), fmt.Sprint(updates), fmt.Sprint(cells), strings.TrimSpace(digest)}
}
