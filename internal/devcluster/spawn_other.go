//go:build !linux

package devcluster

import "syscall"

// ownGroup keeps Ctrl-C on the terminal away from the nodes, which are stopped in order instead.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
