package grpcserver

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// A call of KV belongs to a session when it has the header sessionKey or a token in
// afterKey. It runs once the node has what the token says, and its trailer has the next token.
// On KV.Stream the requests and responses have fields for this.
const (
	sessionKey = "atoll-session"
	afterKey   = "atoll-after-bin"
	tokenKey   = "atoll-token-bin"
	kvPrefix   = "/atoll.v1.KV/"
)

// inSession runs a unary call as its headers say.
func (s *Server) inSession(ctx context.Context, method string, call func() (any, error)) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	after := md.Get(afterKey)
	if !strings.HasPrefix(method, kvPrefix) || len(after)+len(md.Get(sessionKey)) == 0 {
		return call()
	}
	if len(after) > tokensMax {
		return nil, server.Errorf(server.CodeInvalid, "%s: %d tokens, at most %d", afterKey, len(after), tokensMax)
	}
	for _, token := range after {
		if err := s.cfg.Dispatcher.After(ctx, []byte(token)); err != nil {
			return nil, err
		}
	}
	resp, err := call()
	if err == nil {
		err = grpc.SetTrailer(ctx, metadata.Pairs(tokenKey, string(s.cfg.Dispatcher.Token())))
	}
	return resp, err
}

// tokensMax bounds the tokens of one request.
const tokensMax = 16

// doAfter runs an operation of a stream once the node has what its session has seen.
func (k *kvService) doAfter(ctx context.Context, request *pb.StreamRequest) (name string, result *pb.Result, err error) {
	if n := len(request.GetAfter()); n > tokensMax {
		return "session", nil, server.Errorf(server.CodeInvalid, "after: %d tokens, at most %d", n, tokensMax)
	}
	for _, token := range request.GetAfter() {
		if err := k.cfg.Dispatcher.After(ctx, token); err != nil {
			return "session", nil, err
		}
	}
	return k.do(ctx, request.GetOperation())
}
