package grpcserver

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// This file is the part of the KV service about bits of strings.

func (k *kvService) GetBit(ctx context.Context, q *pb.GetBitRequest) (*pb.GetBitResponse, error) {
	return unary(ctx, k, q, convertGetBit)
}

func (k *kvService) SetBit(ctx context.Context, q *pb.SetBitRequest) (*pb.SetBitResponse, error) {
	return unary(ctx, k, q, convertSetBit)
}

func (k *kvService) BitCount(ctx context.Context, q *pb.BitCountRequest) (*pb.BitCountResponse, error) {
	return unary(ctx, k, q, convertBitCount)
}

func (k *kvService) BitPos(ctx context.Context, q *pb.BitPosRequest) (*pb.BitPosResponse, error) {
	return unary(ctx, k, q, convertBitPos)
}

func (k *kvService) BitOp(ctx context.Context, q *pb.BitOpRequest) (*pb.BitOpResponse, error) {
	return unary(ctx, k, q, convertBitOp)
}

func (k *kvService) BitField(ctx context.Context, q *pb.BitFieldRequest) (*pb.BitFieldResponse, error) {
	return unary(ctx, k, q, convertBitField)
}
