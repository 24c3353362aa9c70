//go:build !linux

package node

// volatileFS is known on Linux only.
func volatileFS(string) string { return "" }
