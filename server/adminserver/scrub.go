package adminserver

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
)

// ErrScrubRuns: another scrub is at it.
var ErrScrubRuns = errors.New("another scrub is running")

// Scrubber looks for damage; package node has the one implementation.
type Scrubber interface {
	// Scrub reads everything on disk at most rate bytes a second, 0 being no bound.
	Scrub(ctx context.Context, rate int64, progress func(store.ScrubProgress)) (store.ScrubProgress, error)
	// Damage returns how many ranges were healed, and one line for each that is damaged.
	Damage() (healed uint64, open []string)
	// AcceptLoss gives up what only this node held of damaged ranges, and returns one line for each
	// range that loses something.
	AcceptLoss(ctx context.Context) ([]string, error)
}

// ScrubService answers the Scrub service.
type ScrubService struct {
	pb.UnimplementedScrubServer
	scrubber Scrubber
}

// NewScrub returns a service over s.
func NewScrub(s Scrubber) *ScrubService { return &ScrubService{scrubber: s} }

// Register adds the service to a gRPC server.
func (s *ScrubService) Register(r grpc.ServiceRegistrar) { pb.RegisterScrubServer(r, s) }

// maxScrubRate bounds what is asked for.
const maxScrubRate = 1 << 40

// RunScrub scrubs and tells how far it is.
func (s *ScrubService) RunScrub(r *pb.RunScrubRequest, stream grpc.ServerStreamingServer[pb.RunScrubResponse]) error {
	if r.GetRateBytes() > maxScrubRate {
		return server.Errorf(server.CodeInvalid, "rate of %d bytes a second, limit %d", r.GetRateBytes(), int64(maxScrubRate))
	}
	ctx, stop := context.WithCancel(stream.Context())
	defer stop()
	var lost error
	sent := int64(0)
	p, err := s.scrubber.Scrub(ctx, int64(r.GetRateBytes()), func(p store.ScrubProgress) {
		if float64(p.Done-sent) < progressStep*float64(p.Total) {
			return
		}
		sent = p.Done
		if lost = stream.Send(scrubMessage(p).Build()); lost != nil {
			stop() // nobody waits for it any more
		}
	})
	switch {
	case lost != nil:
		return lost
	case errors.Is(err, ErrScrubRuns):
		return server.Errorf(server.CodeInvalid, "another scrub is running; wait for it")
	case err != nil:
		return explainBackup(err)
	}
	m := scrubMessage(p)
	m.Done = true
	m.Healed, m.Open = s.scrubber.Damage()
	return stream.Send(m.Build())
}

func scrubMessage(p store.ScrubProgress) pb.RunScrubResponse_builder {
	return pb.RunScrubResponse_builder{DoneBytes: uint64(p.Done), TotalBytes: uint64(p.Total), Damaged: uint32(p.Damaged)}
}

// AcceptLoss lets damaged ranges be healed with what the peers have.
func (s *ScrubService) AcceptLoss(ctx context.Context, _ *pb.AcceptLossRequest) (*pb.AcceptLossResponse, error) {
	given, err := s.scrubber.AcceptLoss(ctx)
	if err != nil {
		return nil, err
	}
	return pb.AcceptLossResponse_builder{GivenUp: given}.Build(), nil
}
