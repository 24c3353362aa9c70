// Package clienttest runs a node in the test's process, so that programs that use the
// client can be tested without one: a real store on a memory filesystem, the real
// keyspace and the real gRPC server, on a loopback port.
package clienttest
