// Command redis compares a node with redis-server on this machine: redis-benchmark runs against each in
// turn, round by round, with the same arguments. It prints the medians, their ratios, and the processor
// time of the servers. docs/bench.md says how to read it.
package main
