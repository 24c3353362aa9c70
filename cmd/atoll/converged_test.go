package main

import (
	"strings"
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func digestOf(data string, seqs ...uint64) *pb.DigestResponse {
	shard := pb.ShardDigest_builder{Digest: []byte(data), Cells: 1}.Build()
	var vector []*pb.VectorEntry
	for i, seq := range seqs {
		vector = append(vector, pb.VectorEntry_builder{Origin: uint64(i + 1), Seq: seq, Region: []string{"us", "eu", "ap"}[i]}.Build())
	}
	shard.SetVector(vector)
	return pb.DigestResponse_builder{Shards: []*pb.ShardDigest{shard}}.Build()
}

func TestConvergedJudges(t *testing.T) {
	dead := (*pb.DigestResponse)(nil)
	for _, c := range []struct {
		name    string
		digests []*pb.DigestResponse
		allow   bool
		want    verdict
		why     string
	}{
		{"all equal", []*pb.DigestResponse{digestOf("d", 1, 2), digestOf("d", 1, 2)}, false, sameEverywhere, ""},
		{"an entry of zero is no entry", []*pb.DigestResponse{digestOf("d", 1, 0), digestOf("d", 1)}, false, sameEverywhere, ""},
		{"one lacks updates", []*pb.DigestResponse{digestOf("d", 1, 2), digestOf("e", 1, 5)}, false, onTheWay, "m0/n1 lacks 3 updates written in eu"},
		{"each lacks some", []*pb.DigestResponse{digestOf("d", 2, 1), digestOf("e", 1, 2)}, false, onTheWay, "m0/n1 lacks 1 update written in eu"},
		{"same updates, other data", []*pb.DigestResponse{digestOf("d", 1), digestOf("e", 1)}, false, different, "hold the same updates but different data"},
		{"a dead one is left out", []*pb.DigestResponse{digestOf("d", 1), dead, digestOf("d", 1)}, false, sameEverywhere, ""},
		{"one of two proves nothing", []*pb.DigestResponse{digestOf("d", 1), dead}, false, alone, "only m0/n1 of 2 members answered"},
		{"one of two is enough if allowed", []*pb.DigestResponse{digestOf("d", 1), dead}, true, sameEverywhere, ""},
		{"a cluster of one is converged", []*pb.DigestResponse{digestOf("d", 1)}, false, sameEverywhere, ""},
		{"silence proves nothing", []*pb.DigestResponse{dead, dead}, true, alone, "no member gave a digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &look{}
			for i, d := range c.digests {
				l.answers = append(l.answers, &digestAnswer{member: &member{region: "m" + string(rune('0'+i)), node: "n1"}, digest: d, problem: failf("X", 4, "dead")})
			}
			l.compare(c.allow)
			if l.verdict != c.want || !strings.Contains(l.why, c.why) {
				t.Errorf("judged %q because %q, want %q because %q", l.verdict, l.why, c.want, c.why)
			}
			var notes strings.Builder
			if ok := l.reply(&notes).exit() == exitOK; ok != (c.want == sameEverywhere) {
				t.Errorf("exit code does not fit %q", l.verdict)
			}
		})
	}
}
