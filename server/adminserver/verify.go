package adminserver

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/internal/slotset"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/server"
)

// verifyFindings bounds the cells that a report names to an operator.
const verifyFindings = 1000

// Verifier runs verifications; verify.Verifier is one.
type Verifier interface {
	Verify(context.Context, verify.Options, func(verify.Progress)) (*verify.Report, error)
	Last() (*verify.Report, *verify.Progress)
}

type verifyService struct {
	pb.UnimplementedVerifyServer
	verifier Verifier
}

// RegisterVerify adds the Verify service to a gRPC server.
func RegisterVerify(to grpc.ServiceRegistrar, v Verifier) {
	pb.RegisterVerifyServer(to, &verifyService{verifier: v})
}

// Verify runs a verification and tells how far it is. It ends when nobody waits for it.
func (s *verifyService) Verify(r *pb.VerifyRequest, stream grpc.ServerStreamingServer[pb.VerifyResponse]) error {
	if r.GetFrom() != "" && !r.GetRepair() {
		return server.Errorf(server.CodeInvalid, "from says whom to repair from: it needs repair")
	}
	if len(r.GetFrom()) > 64 {
		return server.Errorf(server.CodeTooLarge, "region of %d characters, limit 64", len(r.GetFrom()))
	}
	ctx, stop := context.WithCancel(stream.Context())
	defer stop()
	var sent verify.Progress
	var lost error
	report, err := s.verifier.Verify(ctx, verify.Options{All: !r.GetQuick(), Repair: r.GetRepair(), From: r.GetFrom()}, func(p verify.Progress) {
		same := p.Phase == sent.Phase && p.Peer == sent.Peer
		if lost != nil || same && p.Done < p.Total && float64(p.Done-sent.Done) < progressStep*float64(p.Total) {
			return
		}
		sent = p
		if lost = stream.Send(pb.VerifyResponse_builder{Progress: verifyProgress(&p)}.Build()); lost != nil {
			stop()
		}
	})
	switch {
	case lost != nil:
		return lost
	case errors.Is(err, verify.ErrBusy):
		return server.Errorf(server.CodeInvalid, "%v; wait for it: atoll verify --last", err)
	case err != nil:
		return err
	}
	return stream.Send(pb.VerifyResponse_builder{Report: verifyReport(report)}.Build())
}

// LastVerify shows the latest report.
func (s *verifyService) LastVerify(context.Context, *pb.LastVerifyRequest) (*pb.LastVerifyResponse, error) {
	report, progress := s.verifier.Last()
	out := pb.LastVerifyResponse_builder{}
	if report != nil {
		out.Report = verifyReport(report)
	}
	if progress != nil {
		out.Progress = verifyProgress(progress)
	}
	return out.Build(), nil
}

func verifyProgress(p *verify.Progress) *pb.VerifyProgress {
	return pb.VerifyProgress_builder{Phase: p.Phase, Peer: p.Peer, Done: p.Done, Total: p.Total}.Build()
}

func verifyReport(r *verify.Report) *pb.VerifyReport {
	out := pb.VerifyReport_builder{
		Region: r.Node.Region, Node: r.Node.Node, BeganMs: r.Began.UnixMilli(), TookUs: uint64(r.Took.Microseconds()),
		Problem: r.Problem, Cells: r.Cells, DamagedSlots: slotList(r.Damaged), UnreadableSlots: slotList(r.Unreadable),
		Repaired: uint64(r.Counts[verify.Repaired]), Repairable: uint64(r.Counts[verify.Repairable]),
		PeerWrong: uint64(r.Counts[verify.PeerWrong]), Undecided: uint64(r.Counts[verify.Undecided]),
		Gone: uint64(r.Counts[verify.Gone]), Passes: uint32(r.Passes), Clean: r.Clean(),
	}
	for _, p := range r.Peers {
		out.Peers = append(out.Peers, pb.VerifyPeer_builder{
			Region: p.Region, Node: p.Node, SlotsCompared: uint32(p.Compared), SlotsSkipped: uint32(p.Skipped),
			SlotsDiffering: uint32(p.Differing), Problem: p.Problem, BytesSent: p.BytesSent, BytesReceived: p.BytesReceived,
		}.Build())
	}
	for _, f := range r.Findings[:min(len(r.Findings), verifyFindings)] {
		finding := pb.VerifyFinding_builder{Name: f.Name, Slot: uint32(f.Slot), Status: string(f.Status), Detail: f.Detail}
		for _, v := range f.Versions {
			finding.Versions = append(finding.Versions, pb.VerifyVersion_builder{
				Region: v.Region, Node: v.Node, Digest: v.Digest, Unreadable: v.Unreadable,
			}.Build())
		}
		out.Findings = append(out.Findings, finding.Build())
	}
	return out.Build()
}

func slotList(s slotset.Set) (out []uint32) {
	for slot := range s.All() {
		out = append(out, uint32(slot))
	}
	return out
}
