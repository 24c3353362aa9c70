package grpcserver

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/server"
)

// guardUnary explains errors and turns a panic into one, so that one bad request cannot
// end the process.
func (s *Server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	start := time.Now()
	defer func() {
		if v := recover(); v != nil {
			err = s.panicked(info.FullMethod, v)
		}
		err = s.finish(info.FullMethod, start, err)
	}()
	if err := s.mayCall(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return s.inSession(ctx, info.FullMethod, func() (any, error) { return next(ctx, req) })
}

// guardStream does the same for streams.
func (s *Server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = statusOf(server.Explain(s.panicked(info.FullMethod, v)))
		}
	}()
	if err = s.mayCall(stream.Context(), info.FullMethod); err == nil {
		err = next(srv, stream)
	}
	if known := (*server.Error)(nil); errors.As(err, &known) {
		return statusOf(known)
	}
	return err
}

func (s *Server) panicked(method string, value any) error {
	if s.cfg.Events.Panic != nil {
		s.cfg.Events.Panic(method, value, debug.Stack())
	}
	return server.Errorf(server.CodeInternal, "internal error")
}

// finish reports a request and returns its status.
func (s *Server) finish(method string, start time.Time, err error) error {
	if _, isStatus := status.FromError(err); err != nil && isStatus {
		// Another service's own status, or one of the decoder.
		s.report(method, start, server.Errorf(server.CodeInvalid, "%s", status.Convert(err).Message()))
		return err
	}
	if err == nil {
		s.report(method, start, nil)
		return nil
	}
	e := server.Explain(err)
	s.report(method, start, e)
	return statusOf(e)
}

func (s *Server) report(method string, start time.Time, e *server.Error) {
	if s.cfg.Events.Request != nil {
		s.cfg.Events.Request(method, time.Since(start), e)
	}
}
