package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about places on the globe.

func (k *kvService) GeoAdd(ctx context.Context, q *pb.GeoAddRequest) (*pb.GeoAddResponse, error) {
	return unary(ctx, k, q, convertGeoAdd)
}

func (k *kvService) GeoPos(ctx context.Context, q *pb.GeoPosRequest) (*pb.GeoPosResponse, error) {
	return unary(ctx, k, q, convertGeoPos)
}

func (k *kvService) GeoDist(ctx context.Context, q *pb.GeoDistRequest) (*pb.GeoDistResponse, error) {
	return unary(ctx, k, q, convertGeoDist)
}

func (k *kvService) GeoSearch(ctx context.Context, q *pb.GeoSearchRequest) (*pb.GeoSearchResponse, error) {
	return unary(ctx, k, q, convertGeoSearch)
}

func (k *kvService) GeoSearchStore(ctx context.Context, q *pb.GeoSearchStoreRequest) (*pb.GeoSearchStoreResponse, error) {
	return unary(ctx, k, q, convertGeoSearchStore)
}
