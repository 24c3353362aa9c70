package node

import (
	"strings"
	"testing"
)

func TestOpenFilesAreSharedOut(t *testing.T) {
	c := Config{Limits: LimitsConfig{MaxConnections: 10_000}, RESP: RESPConfig{Listen: "127.0.0.1:0"}}
	for _, x := range []struct{ limit, tables, connections int }{
		{256, 74, 27}, {1024, 256, 320}, {4096, 1000, 1484}, {1 << 20, 1000, 10_000},
	} {
		f, err := c.shareFiles(x.limit)
		if err != nil || f.tables != x.tables || f.connections != x.connections {
			t.Errorf("%d files: %+v, %v", x.limit, f, err)
		}
		if used := ownFiles + f.tables + 2*f.connections; used > x.limit {
			t.Errorf("%d of %d files", used, x.limit)
		}
		if told := f.warning(&c) != ""; told != (f.connections < 10_000) {
			t.Errorf("%d files: warned %v", x.limit, told)
		}
	}
	if _, err := c.shareFiles(255); err == nil || !strings.Contains(err.Error(), "may open 255 files (ulimit -n); need at least 256") {
		t.Errorf("255 files: %v", err)
	}
}
