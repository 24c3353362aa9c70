package node

import "golang.org/x/sys/unix"

// volatileFS names the file system of dir when it does not keep what it promises: memory, or a
// network whose fsync may lie.
func volatileFS(dir string) string {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return ""
	}
	switch fs.Type {
	case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC:
		return "tmpfs: nothing survives a reboot"
	case unix.NFS_SUPER_MAGIC:
		return "NFS: locks and fsync may not hold"
	default:
		return ""
	}
}
