package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about sorted sets.

func (k *kvService) ZAdd(ctx context.Context, q *pb.ZAddRequest) (*pb.ZAddResponse, error) {
	return unary(ctx, k, q, convertZAdd)
}

func (k *kvService) ZIncr(ctx context.Context, q *pb.ZIncrRequest) (*pb.ZIncrResponse, error) {
	return unary(ctx, k, q, convertZIncr)
}

func (k *kvService) ZRem(ctx context.Context, q *pb.ZRemRequest) (*pb.ZRemResponse, error) {
	return unary(ctx, k, q, convertZRem)
}

func (k *kvService) ZScore(ctx context.Context, q *pb.ZScoreRequest) (*pb.ZScoreResponse, error) {
	return unary(ctx, k, q, convertZScore)
}

func (k *kvService) ZCard(ctx context.Context, q *pb.ZCardRequest) (*pb.ZCardResponse, error) {
	return unary(ctx, k, q, convertZCard)
}

func (k *kvService) ZRange(ctx context.Context, q *pb.ZRangeRequest) (*pb.ZRangeResponse, error) {
	return unary(ctx, k, q, convertZRange)
}

func (k *kvService) ZRangeByScore(ctx context.Context, q *pb.ZRangeByScoreRequest) (*pb.ZRangeByScoreResponse, error) {
	return unary(ctx, k, q, convertZRangeByScore)
}

func (k *kvService) ZRank(ctx context.Context, q *pb.ZRankRequest) (*pb.ZRankResponse, error) {
	return unary(ctx, k, q, convertZRank)
}

func (k *kvService) ZMPop(ctx context.Context, q *pb.ZMPopRequest) (*pb.ZMPopResponse, error) {
	return unary(ctx, k, q, convertZMPop)
}

func (k *kvService) ZPop(ctx context.Context, q *pb.ZPopRequest) (*pb.ZPopResponse, error) {
	return unary(ctx, k, q, convertZPop)
}
