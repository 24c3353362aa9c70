package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about bounded counters.

func (k *kvService) BCreate(ctx context.Context, q *pb.BCreateRequest) (*pb.BCreateResponse, error) {
	return unary(ctx, k, q, convertBCreate)
}

func (k *kvService) BGet(ctx context.Context, q *pb.BGetRequest) (*pb.BGetResponse, error) {
	return unary(ctx, k, q, convertBGet)
}

func (k *kvService) BIncr(ctx context.Context, q *pb.BIncrRequest) (*pb.BIncrResponse, error) {
	return unary(ctx, k, q, convertBIncr)
}

func (k *kvService) BDecr(ctx context.Context, q *pb.BDecrRequest) (*pb.BDecrResponse, error) {
	return unary(ctx, k, q, convertBDecr)
}

func (k *kvService) BGrant(ctx context.Context, q *pb.BGrantRequest) (*pb.BGrantResponse, error) {
	return unary(ctx, k, q, convertBGrant)
}

func (k *kvService) BRights(ctx context.Context, q *pb.BRightsRequest) (*pb.BRightsResponse, error) {
	return unary(ctx, k, q, convertBRights)
}

func (k *kvService) BReclaim(ctx context.Context, q *pb.BReclaimRequest) (*pb.BReclaimResponse, error) {
	return unary(ctx, k, q, convertBReclaim)
}
