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

func (k *kvService) XCursor(ctx context.Context, q *pb.XCursorRequest) (*pb.XCursorResponse, error) {
	return unary(ctx, k, q, convertXCursor)
}

func (k *kvService) XGroupCreate(ctx context.Context, q *pb.XGroupCreateRequest) (*pb.XGroupCreateResponse, error) {
	return unary(ctx, k, q, convertXGroupCreate)
}

func (k *kvService) XGroupSetID(ctx context.Context, q *pb.XGroupSetIDRequest) (*pb.XGroupSetIDResponse, error) {
	return unary(ctx, k, q, convertXGroupSetID)
}

func (k *kvService) XGroupDestroy(ctx context.Context, q *pb.XGroupDestroyRequest) (*pb.XGroupDestroyResponse, error) {
	return unary(ctx, k, q, convertXGroupDestroy)
}

func (k *kvService) XGroupCreateConsumer(ctx context.Context, q *pb.XGroupCreateConsumerRequest) (*pb.XGroupCreateConsumerResponse, error) {
	return unary(ctx, k, q, convertXGroupCreateConsumer)
}

func (k *kvService) XGroupDelConsumer(ctx context.Context, q *pb.XGroupDelConsumerRequest) (*pb.XGroupDelConsumerResponse, error) {
	return unary(ctx, k, q, convertXGroupDelConsumer)
}

func (k *kvService) XReadGroup(ctx context.Context, q *pb.XReadGroupRequest) (*pb.XReadGroupResponse, error) {
	return unary(ctx, k, q, convertXReadGroup)
}

func (k *kvService) XAck(ctx context.Context, q *pb.XAckRequest) (*pb.XAckResponse, error) {
	return unary(ctx, k, q, convertXAck)
}

func (k *kvService) XPending(ctx context.Context, q *pb.XPendingRequest) (*pb.XPendingResponse, error) {
	return unary(ctx, k, q, convertXPending)
}

func (k *kvService) XPendingRange(ctx context.Context, q *pb.XPendingRangeRequest) (*pb.XPendingRangeResponse, error) {
	return unary(ctx, k, q, convertXPendingRange)
}

func (k *kvService) XClaim(ctx context.Context, q *pb.XClaimRequest) (*pb.XClaimResponse, error) {
	return unary(ctx, k, q, convertXClaim)
}

func (k *kvService) XAutoClaim(ctx context.Context, q *pb.XAutoClaimRequest) (*pb.XAutoClaimResponse, error) {
	return unary(ctx, k, q, convertXAutoClaim)
}

func (k *kvService) XInfoGroups(ctx context.Context, q *pb.XInfoGroupsRequest) (*pb.XInfoGroupsResponse, error) {
	return unary(ctx, k, q, convertXInfoGroups)
}

func (k *kvService) XInfoConsumers(ctx context.Context, q *pb.XInfoConsumersRequest) (*pb.XInfoConsumersResponse, error) {
	return unary(ctx, k, q, convertXInfoConsumers)
}
