package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about all keys.

func (k *kvService) Types(ctx context.Context, q *pb.TypesRequest) (*pb.TypesResponse, error) {
	return unary(ctx, k, q, convertTypes)
}

func (k *kvService) DBSize(ctx context.Context, q *pb.DBSizeRequest) (*pb.DBSizeResponse, error) {
	return unary(ctx, k, q, convertDBSize)
}

func (k *kvService) RandomKey(ctx context.Context, q *pb.RandomKeyRequest) (*pb.RandomKeyResponse, error) {
	return unary(ctx, k, q, convertRandomKey)
}

func (k *kvService) Namespaces(ctx context.Context, q *pb.NamespacesRequest) (*pb.NamespacesResponse, error) {
	return unary(ctx, k, q, convertNamespaces)
}
