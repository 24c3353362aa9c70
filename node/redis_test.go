package node

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPasswordFiles(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		name, text string
		mode       os.FileMode
		want, err  string
	}{
		{"a password", "se cret\n", 0o600, "se cret", ""},
		{"without newline", "secret", 0o400, "secret", ""},
		{"readable by others", "secret", 0o644, "", "is readable by others (0644); chmod 600"},
		{"empty", "\n", 0o600, "", "is empty; need a password"},
		{"two lines", "a\nb\n", 0o600, "", "holds more than one line"},
		{"too long", strings.Repeat("x", 513), 0o600, "", "holds more than 512 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			got, err := loadPassword(path)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.HasSuffix(err.Error(), c.err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if _, err := loadPassword(dir); err == nil {
		t.Error("a directory is a password")
	}
}

func TestRedisDoor(t *testing.T) {
	cfg := testConfig(t, "us")
	cfg.RESP.PasswordFile = filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(cfg.RESP.PasswordFile, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := launch(t, cfg)
	conn, err := net.Dial("tcp", cfg.RESP.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	in := bufio.NewReader(conn)
	for _, step := range []struct{ command, reply string }{
		{"PING", "-NOAUTH Authentication required."},
		{"AUTH secret", "+OK"},
		{"SET k v", "+OK"},
	} {
		for again := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			fmt.Fprintf(conn, "%s\r\n", step.command)
			got, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if got = strings.TrimSpace(got); got == step.reply {
				break
			} else if !strings.HasPrefix(got, "-LOADING ") || time.Now().After(again) {
				t.Fatalf("%s gives %q", step.command, got)
			}
		}
	}
	fmt.Fprint(conn, "INFO atoll\r\n")
	about := ""
	for range 14 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		about += line
	}
	if !strings.Contains(about, "region:us\r\n") || !strings.Contains(about, "updates_applied:1\r\n") {
		t.Errorf("INFO gives %s", about)
	}
	_, page := fetch(t, cfg.HTTPListen, "/metrics")
	for _, want := range []string{"atoll_resp_clients 1", `atoll_requests_total{code="OK",method="resp/set"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if rest, err := in.ReadString('\n'); err == nil {
		t.Errorf("after the end: %q", rest)
	}
}

// TestWhoHoldsAWrite cuts one of three nodes off: what is written then is held by one other region only.
func TestWhoHoldsAWrite(t *testing.T) {
	nodes := trio(t)
	us, ap := nodes[0], nodes[2]
	us.do(t, set("k", "v"))
	first := us.writtenDot()
	eventually(t, "two other regions hold everything", func() bool {
		return len(us.replicator.AckedRegions(shardID, first)) == 2
	})
	for _, n := range nodes[:2] {
		n.cuts.Set([]string{"ap"}, nil)
	}
	ap.cuts.Set([]string{"us", "eu"}, nil)
	us.do(t, set("k", "w"))
	written := us.writtenDot()
	eventually(t, "one other region holds it", func() bool {
		return len(us.replicator.AckedRegions(shardID, written)) == 1
	})
	if got := us.replicator.AckedRegions(shardID, written); len(got) != 1 || got[0] != nodes[1].cfg.Region {
		t.Errorf("held in %v", got)
	}
	eventually(t, "only ap lacks updates", func() bool {
		lacks := map[string]bool{}
		for _, p := range us.respLag() {
			lacks[p.Region+"/"+p.Node] = p.AheadUpdates > 0
		}
		return len(lacks) == 2 && lacks["ap/n1"] && !lacks["eu/n1"]
	})
}
