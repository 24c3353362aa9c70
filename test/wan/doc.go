// Package wan is a user-space wide-area network: a few hosts, each a network namespace
// with a TUN device, and a router between them that delays, loses, duplicates, reorders,
// limits and cuts what they send, by directed link.
//
// It needs root and /dev/net/tun, nothing of netem, nftables or iproute2. New says
// what is missing; it never half works. What is sent inside a host does not pass the
// router.
package wan
