package crashdisk

import (
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Disk is a vfs.MemFS of which pictures may be taken while others change it. By itself MemFS takes its lock for reading
// twice in two of its calls, and waits for ever when a CrashClone comes between.
type Disk struct {
	*vfs.MemFS
	links sync.RWMutex // held for reading by a Link, for writing by a picture
}

// New returns an empty disk.
func New() *Disk { return &Disk{MemFS: vfs.NewCrashableMem()} }

// CrashClone returns what a loss of power would leave, see vfs.CrashCloneCfg. The disk goes on.
func (d *Disk) CrashClone(c vfs.CrashCloneCfg) *vfs.MemFS {
	d.links.Lock()
	defer d.links.Unlock()
	return d.MemFS.CrashClone(c)
}

// Link implements vfs.FS.
func (d *Disk) Link(old, name string) error {
	d.links.RLock()
	defer d.links.RUnlock()
	return d.MemFS.Link(old, name)
}

// ReuseForWrite implements vfs.FS, in two steps.
func (d *Disk) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Rename(old, name); err != nil {
		return nil, err
	}
	return d.OpenReadWrite(name, c)
}
