package client

import "google.golang.org/grpc"

// Conn is the connection to the node that calls go to, for services other than the one
// of keys, as in pb.NewBackupClient(c.Conn()). It is for tools; errors are gRPC statuses,
// which [ExplainError] turns into an [*Error].
func (c *Client) Conn() grpc.ClientConnInterface { return follower{c} }
