// Package linkcut answers one question: which regions is this node cut off from, for a
// test?
//
// [Cuts] is a set of regions that the links of a node consult. It holds state and tells
// of changes; what a cut means is up to the links: see replication and membership. Only
// a node with dev.faults set lets anybody change it.
package linkcut
