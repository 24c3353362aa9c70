package main

import (
	"strings"
	"testing"
	"time"
)

func TestABarTellsHowFarAndHowLong(t *testing.T) {
	now := time.Unix(1000, 0)
	var out strings.Builder
	b := &bar{to: &out, unit: size, now: func() time.Time { return now }}
	b.set("copy", 0, 4<<20)
	now = now.Add(time.Second)
	b.set("copy", 1<<20, 4<<20) // too soon for a second line
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines: %q", n, out.String())
	}
	now = now.Add(9 * time.Second)
	b.set("copy", 2<<20, 4<<20)
	want := "copy        [###############---------------]  50%  2.0 MiB of 4.0 MiB  204.8 KiB/s  10.0 s left\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	b.set("digest", 0, 0)
	b.end()
	b.end()
	if !strings.HasSuffix(out.String(), "digest …\ndigest …\n") {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	b.terminal = true
	b.set("copy", 4<<20, 4<<20)
	b.end()
	if got := out.String(); !strings.HasPrefix(got, "\r\x1b[Kcopy ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, "100%") {
		t.Errorf("on a terminal: %q", got)
	}
}

func TestArgumentsOfBackup(t *testing.T) {
	for _, bad := range []string{"", "create", "creat x", "create a b", "restore d", "verify d --data-dir x", "create x --as eu/n1", "restore d --data-dir", "inspect d --what"} {
		if a, f := readBackupArgs(strings.Fields(bad)); f == nil {
			t.Errorf("%q: %+v", bad, a)
		}
	}
	a, f := readBackupArgs(strings.Fields("restore d=1 --data-dir=/x --as eu/n2 --new-cluster c"))
	if f != nil || *a != (backupArgs{"restore", "d=1", "/x", "eu/n2", "c"}) {
		t.Errorf("%+v, %v", a, f)
	}
}
