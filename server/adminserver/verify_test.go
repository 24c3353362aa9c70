package adminserver

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/server"
)

// fakeVerifier tells of progress and gives a report.
type fakeVerifier struct {
	report *verify.Report
	err    error
	got    verify.Options
}

func (f *fakeVerifier) Verify(_ context.Context, o verify.Options, tell func(verify.Progress)) (*verify.Report, error) {
	f.got = o
	for i := range uint64(10_000) {
		tell(verify.Progress{Phase: "read", Done: i, Total: 10_000})
	}
	return f.report, f.err
}

func (f *fakeVerifier) Last() (*verify.Report, *verify.Progress) {
	return f.report, &verify.Progress{Phase: "read"}
}

// collected is the client's end of a stream.
type collected struct {
	grpc.ServerStream
	ctx  context.Context
	sent []*pb.VerifyResponse
	fail error
}

func (c *collected) Context() context.Context { return c.ctx }
func (c *collected) Send(r *pb.VerifyResponse) error {
	c.sent = append(c.sent, r)
	return c.fail
}

func TestAVerificationIsToldToTheOperator(t *testing.T) {
	r := &verify.Report{
		Node: verify.Identity{Region: "us", Node: "n1"}, Began: time.UnixMilli(5), Took: time.Second, Cells: 7, Passes: 2,
		Counts: map[verify.Status]int{verify.Repaired: 3, verify.Undecided: 1},
		Peers:  []verify.PeerReport{{Region: "eu", Node: "n1", Compared: 16384, BytesSent: 9}},
	}
	r.Damaged.Add(12)
	for range verifyFindings + 5 {
		r.Findings = append(r.Findings, verify.Finding{Name: `"k"`, Status: verify.Undecided, Versions: []verify.Version{{Region: "us", Digest: 5}}})
	}
	f := &fakeVerifier{report: r}
	s := &verifyService{verifier: f}
	stream := &collected{ctx: t.Context()}
	if err := s.Verify(pb.VerifyRequest_builder{Repair: true, From: "eu"}.Build(), stream); err != nil {
		t.Fatal(err)
	}
	if f.got != (verify.Options{All: true, Repair: true, From: "eu"}) {
		t.Errorf("options %+v", f.got)
	}
	if n := len(stream.sent); n < 100 || n > 1000 {
		t.Errorf("%d messages for 10,000 steps", n)
	}
	got := stream.sent[len(stream.sent)-1].GetReport()
	if got.GetRepaired() != 3 || got.GetUndecided() != 1 || got.GetClean() || len(got.GetFindings()) != verifyFindings || got.GetCells() != 7 ||
		len(got.GetDamagedSlots()) != 1 || got.GetDamagedSlots()[0] != 12 || got.GetPeers()[0].GetBytesSent() != 9 {
		t.Errorf("report %v", got)
	}
	last, err := s.LastVerify(t.Context(), nil)
	if err != nil || !last.HasReport() || last.GetProgress().GetPhase() != "read" {
		t.Errorf("last: %v, %v", last, err)
	}
}

func TestVerificationsThatCannotBe(t *testing.T) {
	code := func(err error) server.Code {
		var e *server.Error
		errors.As(err, &e)
		if e == nil {
			return ""
		}
		return e.Code
	}
	s := &verifyService{verifier: &fakeVerifier{err: verify.ErrBusy}}
	stream := &collected{ctx: t.Context()}
	if err := s.Verify(pb.VerifyRequest_builder{From: "eu"}.Build(), stream); code(err) != server.CodeInvalid {
		t.Errorf("from without repair: %v", err)
	}
	if err := s.Verify(pb.VerifyRequest_builder{From: string(make([]byte, 65)), Repair: true}.Build(), stream); code(err) != server.CodeTooLarge {
		t.Errorf("a long region: %v", err)
	}
	if err := s.Verify(&pb.VerifyRequest{}, stream); code(err) != server.CodeInvalid {
		t.Errorf("busy: %v", err)
	}
	lost := errors.New("lost")
	if err := s.Verify(&pb.VerifyRequest{}, &collected{ctx: t.Context(), fail: lost}); !errors.Is(err, lost) {
		t.Errorf("client gone: %v", err)
	}
}
