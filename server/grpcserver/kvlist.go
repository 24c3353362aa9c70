package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about lists.

func (k *kvService) LPush(ctx context.Context, q *pb.LPushRequest) (*pb.LPushResponse, error) {
	return unary(ctx, k, q, convertLPush)
}

func (k *kvService) LPop(ctx context.Context, q *pb.LPopRequest) (*pb.LPopResponse, error) {
	return unary(ctx, k, q, convertLPop)
}

func (k *kvService) LRange(ctx context.Context, q *pb.LRangeRequest) (*pb.LRangeResponse, error) {
	return unary(ctx, k, q, convertLRange)
}

func (k *kvService) LLen(ctx context.Context, q *pb.LLenRequest) (*pb.LLenResponse, error) {
	return unary(ctx, k, q, convertLLen)
}

func (k *kvService) LIndex(ctx context.Context, q *pb.LIndexRequest) (*pb.LIndexResponse, error) {
	return unary(ctx, k, q, convertLIndex)
}

func (k *kvService) LSet(ctx context.Context, q *pb.LSetRequest) (*pb.LSetResponse, error) {
	return unary(ctx, k, q, convertLSet)
}

func (k *kvService) LInsert(ctx context.Context, q *pb.LInsertRequest) (*pb.LInsertResponse, error) {
	return unary(ctx, k, q, convertLInsert)
}

func (k *kvService) LRem(ctx context.Context, q *pb.LRemRequest) (*pb.LRemResponse, error) {
	return unary(ctx, k, q, convertLRem)
}

func (k *kvService) LTrim(ctx context.Context, q *pb.LTrimRequest) (*pb.LTrimResponse, error) {
	return unary(ctx, k, q, convertLTrim)
}

func (k *kvService) LMove(ctx context.Context, q *pb.LMoveRequest) (*pb.LMoveResponse, error) {
	return unary(ctx, k, q, convertLMove)
}

func (k *kvService) LMPop(ctx context.Context, q *pb.LMPopRequest) (*pb.LMPopResponse, error) {
	return unary(ctx, k, q, convertLMPop)
}

func (k *kvService) LPos(ctx context.Context, q *pb.LPosRequest) (*pb.LPosResponse, error) {
	return unary(ctx, k, q, convertLPos)
}
