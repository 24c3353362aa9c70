package devcluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidateReportsEveryProblem(t *testing.T) {
	_, err := New(Config{Regions: []string{"us", "US", "us", ""}, BasePort: 65530})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`region "US"`, `region "us" is named twice`, `region ""`, "base port 65530"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestAUsedPortStopsEverythingBeforeItStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	dir := filepath.Join(t.TempDir(), "data")
	c, err := New(Config{Regions: []string{"us"}, BasePort: port, Data: dir, Binary: "/does/not/exist"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); !errors.Is(err, ErrPortsInUse) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Fatalf("Run gave %v, want the used address", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data directory was made all the same")
	}
}

func TestANodeThatEndsEarlyIsReportedWithItsLog(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "broken")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho no luck today\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Regions: []string{"us"}, BasePort: freePort(t), Data: dir, Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no luck today") || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("Run gave %v, want the log and how it ended", err)
	}
}

func TestTheClusterIDStaysWithTheDirectory(t *testing.T) {
	dir := t.TempDir()
	first, err := clusterID(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := clusterID(dir)
	if err != nil || first != second || !regionName.MatchString(first) {
		t.Fatalf("ids are %q and %q (%v), want the same", first, second, err)
	}
}

func TestCallWithoutAClusterSaysSo(t *testing.T) {
	if _, err := Call(context.Background(), freePort(t), Request{Verb: "status"}); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("Call gave %v", err)
	}
}

func TestTailGivesTheEndOfALongFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 5000)+"end"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(tail(path, 10)); got != "xxxxxxxend" {
		t.Errorf("tail is %q", got)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		base := 10_000 + rand.IntN(2000)*5 // below those that the system gives to anybody
		if portsFree(base) {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// portsFree tells whether all ports of one node can be had.
func portsFree(base int) bool {
	for port := base; port < base+4; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = l.Close() // it was only tried
	}
	return true
}
