package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about streams.

func (k *kvService) XAdd(ctx context.Context, q *pb.XAddRequest) (*pb.XAddResponse, error) {
	return unary(ctx, k, q, convertXAdd)
}

func (k *kvService) XRange(ctx context.Context, q *pb.XRangeRequest) (*pb.XRangeResponse, error) {
	return unary(ctx, k, q, convertXRange)
}

func (k *kvService) XLen(ctx context.Context, q *pb.XLenRequest) (*pb.XLenResponse, error) {
	return unary(ctx, k, q, convertXLen)
}

func (k *kvService) XDel(ctx context.Context, q *pb.XDelRequest) (*pb.XDelResponse, error) {
	return unary(ctx, k, q, convertXDel)
}

func (k *kvService) XTrim(ctx context.Context, q *pb.XTrimRequest) (*pb.XTrimResponse, error) {
	return unary(ctx, k, q, convertXTrim)
}

func (k *kvService) XRead(ctx context.Context, q *pb.XReadRequest) (*pb.XReadResponse, error) {
	return unary(ctx, k, q, convertXRead)
}

func (k *kvService) XSetID(ctx context.Context, q *pb.XSetIDRequest) (*pb.XSetIDResponse, error) {
	return unary(ctx, k, q, convertXSetID)
}

func (k *kvService) XInfo(ctx context.Context, q *pb.XInfoRequest) (*pb.XInfoResponse, error) {
	return unary(ctx, k, q, convertXInfo)
}
