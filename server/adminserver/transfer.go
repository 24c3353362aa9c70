package adminserver

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/transfer"
)

// TransferAdmin shows how a node catches up by state, and whom it helps to.
type TransferAdmin struct {
	pb.UnimplementedTransferAdminServer
	region, node string
	status       func() transfer.Status
	serving      func() []transfer.Serving
}

// NewTransferAdmin returns the service of a node.
func NewTransferAdmin(region, node string, status func() transfer.Status, serving func() []transfer.Serving) *TransferAdmin {
	return &TransferAdmin{region: region, node: node, status: status, serving: serving}
}

// Register adds the service to a gRPC server.
func (a *TransferAdmin) Register(to grpc.ServiceRegistrar) { pb.RegisterTransferAdminServer(to, a) }

// TransferStatus implements the service.
func (a *TransferAdmin) TransferStatus(context.Context, *pb.TransferStatusRequest) (*pb.TransferStatusResponse, error) {
	st := a.status()
	var served []*pb.TransferServed
	for _, s := range a.serving() {
		served = append(served, pb.TransferServed_builder{
			Peer: s.Peer.Node, CellsSent: s.Sent.Cells, BytesSent: s.Sent.Bytes, TookMs: millis(s.Took),
		}.Build())
	}
	return pb.TransferStatusResponse_builder{
		Region: a.region, Node: a.node, State: transferState(st), Loading: st.Loading,
		Donor: st.Donor.Node, DonorAddress: st.Donor.Address,
		Done: st.Done, CellsDone: st.Cells, CellsTotal: st.Total, BytesReceived: st.Bytes,
		CellsPerSecond: st.CellsPerSecond, BytesPerSecond: st.BytesPerSecond,
		LeftMs: millis(st.Left), TookMs: millis(st.Took),
		Begun: st.Begun, Ended: st.Ended, Failed: st.Failed, LastError: st.LastError, Served: served,
	}.Build(), nil
}

func transferState(st transfer.Status) string {
	switch {
	case st.Running:
		return "running"
	case st.Active:
		return "interrupted"
	case st.Loading:
		return "loading"
	}
	return "idle"
}
