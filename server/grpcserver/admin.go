package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// adminService passes the Admin service on to the node.
type adminService struct {
	pb.UnimplementedAdminServer
	admin Admin
}

func (a *adminService) Status(ctx context.Context, r *pb.StatusRequest) (*pb.StatusResponse, error) {
	return a.admin.Status(ctx, r)
}

func (a *adminService) Lag(ctx context.Context, r *pb.LagRequest) (*pb.LagResponse, error) {
	return a.admin.Lag(ctx, r)
}

func (a *adminService) Digest(ctx context.Context, r *pb.DigestRequest) (*pb.DigestResponse, error) {
	if _, err := server.Namespace(r.GetNamespace()); err != nil {
		return nil, err
	}
	return a.admin.Digest(ctx, r)
}

func (a *adminService) CutLinks(ctx context.Context, r *pb.CutLinksRequest) (*pb.CutLinksResponse, error) {
	return a.admin.CutLinks(ctx, r)
}
