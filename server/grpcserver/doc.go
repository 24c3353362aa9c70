// Package grpcserver speaks gRPC with clients and operators: it turns messages into
// commands for the [server.Dispatcher] and replies and errors into messages, and does
// nothing else.
//
// A [Server] is made by [New], which starts nothing, and lives during [Server.Run]. Other
// services (replication) register on it before Run. It holds every limit of the
// connection: message sizes, streams, header lists, handshake time, pings.
//
// Operations of one KV.Stream run side by side, at most [Config.StreamOperations] and
// [Config.StreamBytes] of them; beyond that the stream is read no further, and HTTP/2 flow
// control slows the client down.
//
// Requests of all connections together are bounded by [Config.IntakeBytes] before they
// are decoded: what does not fit waits for a moment, then it is refused with OOM unread.
// Small requests are let in always.
package grpcserver
