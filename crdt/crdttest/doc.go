// Package crdttest is the law kit of package crdt: every type passes it.
//
// [Run] plays short random histories on a few replicas of one key. Updates travel in
// causal order, in any interleaving that this allows. After every step it checks, at
// every replica, that
//
//   - what is visible equals the rule of the type applied to the set of updates seen
//     and their happens-before relation, computed by [Spec], which shares no code
//     with the types;
//   - replicas with equal version vectors have equal canonical bytes;
//   - merging the states of two replicas gives what applying each other's missing
//     updates gives (applying records = merging states);
//   - merge is commutative, associative and idempotent;
//   - encodings round-trip.
//
// Short histories find the mistakes; long ones heal them.
package crdttest
