//go:build !linux

package node

// availableMemory is known on Linux only; elsewhere a usual laptop is assumed.
func availableMemory() uint64 { return 8 << 30 }
