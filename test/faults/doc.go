// Package faults breaks real clusters on purpose: atolld processes, each in a network
// namespace of its own, on links of package wan, with clocks that can be set wrong.
//
// Every scenario has the same end: the faults are lifted, all regions hold the same
// bytes within a bound, and every write that was acknowledged is there, or was deleted
// by an acknowledged delete. Each prints its figures on a line that starts with
// "figure:"; docs/faults.md quotes them.
//
// Without root or /dev/net/tun the processes run on loopback, links are cut by command,
// and the scenarios that need more of a network say that they did not run.
package faults
