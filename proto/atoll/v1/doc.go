// Package atollv1 is the generated code of Atoll's gRPC protocol: the KV service that
// clients use, the Admin service that shows a node's state, and the Replication
// service by which nodes move frames.
//
// Messages use the opaque Go API. Only servers, transports and the client import this
// package: records have their own encoding (package store/oplog), which these messages
// carry as bytes. Regenerate with `make proto` after a change of a .proto file.
package atollv1
