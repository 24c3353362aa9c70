// Package registry answers: who belongs to the cluster, and how far do the updates of those
// count that no longer do?
//
// A [Registry] holds one [Member] for each node that was found or named. Operators decide;
// gossip only finds. Each decision is a value that replaces the ones before it, so registries
// of two nodes join in any order, any number of times, and end alike.
//
// A [Removal] is the agreement on the last updates of members that are taken out: every other
// member stops applying their updates, tells how far it has come, and the greatest answer is
// the seal. The members that are not taken out must all answer: there is nobody else who could
// say what the one that is silent has applied.
//
// A [Course] is a removal as a command asks for it: members leave, all others are reached, what
// can still be told arrives, and then they are sealed.
//
// It promises: what a member has applied is never above the seal; a removal that was begun is
// finished by whoever begins it again. It refuses: to decide anything by silence. It does no
// I/O, reads no clock and starts no goroutine.
package registry
