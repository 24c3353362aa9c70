package adminserver

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store/backup"
)

// Backups makes backups; package node has the one implementation.
type Backups interface {
	// Create makes a backup of a name and returns where it is. Errors are *server.Error,
	// or for server.Explain.
	Create(ctx context.Context, name string, progress func(backup.Progress)) (path string, m *backup.Manifest, err error)
}

// BackupService answers the Backup service.
type BackupService struct {
	pb.UnimplementedBackupServer
	backups Backups
}

// NewBackup returns a service over b.
func NewBackup(b Backups) *BackupService { return &BackupService{backups: b} }

// Register adds the service to a gRPC server.
func (s *BackupService) Register(r grpc.ServiceRegistrar) { pb.RegisterBackupServer(r, s) }

// progressStep is how much of a phase is done between two messages, at least.
const progressStep = 1.0 / 200

// CreateBackup makes a backup and tells how far it is.
func (s *BackupService) CreateBackup(r *pb.CreateBackupRequest, stream grpc.ServerStreamingServer[pb.CreateBackupResponse]) error {
	var sent backup.Progress
	var lost error
	ctx, stop := context.WithCancel(stream.Context())
	defer stop()
	path, m, err := s.backups.Create(ctx, r.GetName(), func(p backup.Progress) {
		if p.Phase == sent.Phase && p.Done < p.Total && float64(p.Done-sent.Done) < progressStep*float64(p.Total) {
			return
		}
		sent = p
		lost = stream.Send(pb.CreateBackupResponse_builder{
			Phase: string(p.Phase), DoneBytes: uint64(p.Done), TotalBytes: uint64(p.Total),
		}.Build())
		if lost != nil {
			stop() // nobody waits for it any more
		}
	})
	if lost != nil {
		return lost
	}
	if err != nil {
		return explainBackup(err)
	}
	return stream.Send(pb.CreateBackupResponse_builder{Path: path, Manifest: m.Encode()}.Build())
}

// explainBackup keeps the text of errors that an operator needs and that hold no data of
// clients: paths, and what the disk said.
func explainBackup(err error) error {
	var known *server.Error
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, backup.ErrExists):
		return server.Errorf(server.CodeInvalid, "%v", err)
	}
	return server.Errorf(server.CodeStore, "%v", err)
}
