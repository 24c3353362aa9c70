package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about HyperLogLogs.

func (k *kvService) PFAdd(ctx context.Context, q *pb.PFAddRequest) (*pb.PFAddResponse, error) {
	return unary(ctx, k, q, convertPFAdd)
}

func (k *kvService) PFCount(ctx context.Context, q *pb.PFCountRequest) (*pb.PFCountResponse, error) {
	return unary(ctx, k, q, convertPFCount)
}

func (k *kvService) PFMerge(ctx context.Context, q *pb.PFMergeRequest) (*pb.PFMergeResponse, error) {
	return unary(ctx, k, q, convertPFMerge)
}
