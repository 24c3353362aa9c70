//go:build !linux

package store

import "github.com/cockroachdb/pebble/v2/vfs"

// dropCached: there is no way to ask here; a scrub may read the system's copy.
func dropCached(vfs.File) {}
