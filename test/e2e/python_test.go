package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRedisPy runs a session of redis-py, where it is installed (Debian: python3-redis).
func TestRedisPy(t *testing.T) {
	python := ""
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import redis").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("NOT CHECKED: there is no redis-py on this machine")
	}
	c := start(t, []string{"us", "eu"})
	port := func(region string) string {
		_, port, _ := strings.Cut(c.resp(region), ":")
		return port
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/smoke.py", port("us"), port("eu")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "all passed") {
		t.Errorf("%v\n%s", err, out)
	}
}
