// Package grpctransport answers one question: how do the messages of replication
// travel?
//
// [Transport] dials peers over gRPC and implements replication.Transport. [Server]
// accepts their streams; it is registered on a gRPC server that [ServerOptions] have
// prepared. Frames are passed on as they are: bytes in a message.
package grpctransport
