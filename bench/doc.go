// Command bench measures a running cluster through the Go SDK: throughput and latency
// of a mix of operations in one or more regions, and the lag from acknowledged here to
// readable there.
//
//	bin/atoll dev &
//	go run ./bench -targets us=127.0.0.1:7000,eu=127.0.0.1:7010 -mix set=50,get=50 -clients 50 -duration 10s
//	go run ./bench -targets us=127.0.0.1:7000,eu=127.0.0.1:7010 -lag -duration 10s
//
// The load generator runs on the machine that it measures, and takes its share of the
// cores. With -rate, latency counts from when an operation should have begun, so a stall
// is not hidden by the operations that it kept from being sent (coordinated omission).
// The Go benchmarks beside it measure the parts: commit loop, merge, encoding, stream,
// and gRPC against an echo. docs/bench.md has the figures.
package main
