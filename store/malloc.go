//go:build linux && cgo

package store

/*
#include <malloc.h>

static void atoll_limit_malloc(void) {
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}
*/
import "C"

// The block cache and the memtables come from malloc. By itself glibc keeps what is
// freed: it stops giving large blocks back to the system once one was freed, and has
// eight arenas a core. That was a third more than the cache and the tables hold.
func init() { C.atoll_limit_malloc() }
