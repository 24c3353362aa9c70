package grpctransport

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorCode is how an error is told to a peer.
type errorCode struct {
	err  error
	code codes.Code
}

// statusOf maps why a stream ended to what the peer is told: by the first of the list that matches, Unavailable where none
// does. An end without an error, and what is a status already, stay as they are.
func statusOf(err error, list []errorCode) error {
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	for _, c := range list {
		if errors.Is(err, c.err) {
			return status.Error(c.code, err.Error())
		}
	}
	if errors.Is(err, context.Canceled) {
		return status.Error(codes.Canceled, err.Error())
	}
	return status.Error(codes.Unavailable, err.Error())
}
