package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about hashes.

func (k *kvService) HSet(ctx context.Context, q *pb.HSetRequest) (*pb.HSetResponse, error) {
	return unary(ctx, k, q, convertHSet)
}

func (k *kvService) HSetNX(ctx context.Context, q *pb.HSetNXRequest) (*pb.HSetNXResponse, error) {
	return unary(ctx, k, q, convertHSetNX)
}

func (k *kvService) HGet(ctx context.Context, q *pb.HGetRequest) (*pb.HGetResponse, error) {
	return unary(ctx, k, q, convertHGet)
}

func (k *kvService) HMGet(ctx context.Context, q *pb.HMGetRequest) (*pb.HMGetResponse, error) {
	return unary(ctx, k, q, convertHMGet)
}

func (k *kvService) HGetAll(ctx context.Context, q *pb.HGetAllRequest) (*pb.HGetAllResponse, error) {
	return unary(ctx, k, q, convertHGetAll)
}

func (k *kvService) HKeys(ctx context.Context, q *pb.HKeysRequest) (*pb.HKeysResponse, error) {
	return unary(ctx, k, q, convertHKeys)
}

func (k *kvService) HVals(ctx context.Context, q *pb.HValsRequest) (*pb.HValsResponse, error) {
	return unary(ctx, k, q, convertHVals)
}

func (k *kvService) HLen(ctx context.Context, q *pb.HLenRequest) (*pb.HLenResponse, error) {
	return unary(ctx, k, q, convertHLen)
}

func (k *kvService) HExists(ctx context.Context, q *pb.HExistsRequest) (*pb.HExistsResponse, error) {
	return unary(ctx, k, q, convertHExists)
}

func (k *kvService) HStrLen(ctx context.Context, q *pb.HStrLenRequest) (*pb.HStrLenResponse, error) {
	return unary(ctx, k, q, convertHStrLen)
}

func (k *kvService) HDel(ctx context.Context, q *pb.HDelRequest) (*pb.HDelResponse, error) {
	return unary(ctx, k, q, convertHDel)
}

func (k *kvService) HIncr(ctx context.Context, q *pb.HIncrRequest) (*pb.HIncrResponse, error) {
	return unary(ctx, k, q, convertHIncr)
}
