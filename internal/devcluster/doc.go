// Package devcluster runs a cluster of real nodes on this machine: how does one try what Atoll is for?
//
// A [Cluster] starts one atolld process per region on loopback, each with its own data directory, and
// stops them when its Run ends. While it runs, [Call] reaches it from another process over a unix
// socket: to cut and heal links, to kill, stop and start nodes, to see what runs. The socket lies in a
// directory that only its user can enter, named by the base port.
//
// The cluster keeps the set of cut links and gives it to a node that is started again. Nodes that end
// without being asked to are reported, never restarted: that they ended is what one wants to see.
package devcluster
