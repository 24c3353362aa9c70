// Package e2e proves on real atolld processes, over real sockets and disks, what the
// README promises: writes anywhere converge everywhere, whatever links are cut and
// whoever is killed.
//
// Every test starts its own cluster with "atoll dev" on free ports of loopback, cuts
// and heals links and kills nodes by command, writes through the Go SDK, and waits by
// condition: the nodes' version vectors and digests.
package e2e
