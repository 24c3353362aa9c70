package devcluster

import "syscall"

// ownGroup keeps Ctrl-C on the terminal away from the nodes, which are stopped in order instead, and ends
// them with the one who started them, however that ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
