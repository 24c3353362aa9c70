// Command disk measures what a node keeps on disk, and how long it takes to serve again after kill -9:
// it starts an atolld, writes keys once and then again, waits until the op log is truncated and
// compactions have ended by themselves, and then kills and starts the process several times.
//
//	make build && go run ./bench/disk -atolld bin/atolld
//
// Raw is the bytes of keys and values. The op log keeps log.retain_bytes though nobody needs it, so the
// share of it is printed apart.
package main
