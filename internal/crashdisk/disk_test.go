package crashdisk

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A picture that is taken while a file gets another name waits for nobody for ever.
func TestPicturesBesideLinksAndReuse(t *testing.T) {
	const times = 20_000
	d := New()
	f, err := d.Create("/a", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	others.Go(func() {
		for range times {
			d.CrashClone(vfs.CrashCloneCfg{})
		}
	})
	for i := range times {
		name := fmt.Sprint("/b", i%10)
		if err := d.Link("/a", name); err != nil {
			t.Error(err)
		}
		f, err := d.ReuseForWrite(name, "/c", vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	others.Wait()
}
