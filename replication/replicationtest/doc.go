// Package replicationtest answers one question: does every frame arrive, once and in
// order?
//
// [Log] is a deliberately dumb node in memory: an op log with the causal gate in front,
// everything durable at once. It implements replication.Log and replication.Applier.
package replicationtest
