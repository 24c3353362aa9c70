package grpctransport

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/transfer"
)

// DialTransfer implements transfer.Transport.
func (t *Transport) DialTransfer(ctx context.Context, address string) (transfer.Stream, error) {
	conn, err := grpc.NewClient(address, t.options...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := pb.NewTransferClient(conn).Fetch(ctx)
	if err != nil {
		cancel()
		_ = conn.Close() // the error that matters is err
		return nil, fmt.Errorf("dial %s: %w", address, fromStatus(err))
	}
	return &transferClient{conn: conn, stream: stream, cancel: cancel}, nil
}

// transferClient is the receiver's end of a stream.
type transferClient struct {
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[pb.FetchRequest, pb.FetchResponse]
	cancel context.CancelFunc
	once   sync.Once
}

func (s *transferClient) Send(m transfer.Message) error {
	r, err := toFetchRequest(m)
	if err != nil {
		return err
	}
	return s.stream.Send(r) // io.EOF when the stream is gone; Recv tells why
}

func (s *transferClient) Recv() (transfer.Message, error) {
	r, err := s.stream.Recv()
	if err != nil {
		return nil, fromStatus(err)
	}
	return fromFetchResponse(r)
}

func (s *transferClient) Close(error) {
	s.once.Do(func() {
		s.cancel()
		_ = s.conn.Close() // nothing is left to be lost
	})
}

// TransferHandler serves one transfer until it ends; [transfer.Server] is one.
type TransferHandler interface {
	ServeTransfer(transfer.Stream) error
}

// TransferServer accepts the transfers of peers.
type TransferServer struct {
	pb.UnimplementedTransferServer
	handler TransferHandler
}

// NewTransferServer returns a server that hands streams to h.
func NewTransferServer(h TransferHandler) *TransferServer { return &TransferServer{handler: h} }

// Register adds the service to a gRPC server, which should have been made with
// ServerOptions.
func (s *TransferServer) Register(to grpc.ServiceRegistrar) { pb.RegisterTransferServer(to, s) }

// Fetch implements the service, as Server.Pull does its own.
func (s *TransferServer) Fetch(stream grpc.BidiStreamingServer[pb.FetchRequest, pb.FetchResponse]) error {
	st := &transferServing{stream: stream, closed: make(chan struct{})}
	go func() { _ = s.handler.ServeTransfer(st) }() // the cause reaches us by Close; the handler waits for its own
	<-st.closed
	return toStatus(st.cause)
}

// transferServing is the donor's end of a stream.
type transferServing struct {
	stream grpc.BidiStreamingServer[pb.FetchRequest, pb.FetchResponse]
	once   sync.Once
	cause  error // set before closed is closed
	closed chan struct{}
}

func (s *transferServing) Send(m transfer.Message) error {
	r, err := toFetchResponse(m)
	if err != nil {
		return err
	}
	return s.stream.Send(r)
}

func (s *transferServing) Recv() (transfer.Message, error) {
	r, err := s.stream.Recv()
	if err != nil {
		return nil, err
	}
	return fromFetchRequest(r)
}

func (s *transferServing) Close(cause error) {
	s.once.Do(func() {
		s.cause = cause
		close(s.closed)
	})
}
