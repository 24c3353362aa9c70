package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// regions of every cluster here.
var regions = []string{"us", "eu", "ap"}

// cluster is what the scenario needs of three running regions.
type cluster interface {
	// addr is where clients reach the region, also while it is cut off.
	addr(region string) string
	// isolate cuts the region off from all others; rejoin ends that.
	isolate(ctx context.Context, region string) error
	rejoin(ctx context.Context, region string) error
	// kill ends the region's node without warning; start starts it again.
	kill(ctx context.Context, region string) error
	start(ctx context.Context, region string) error
	// logs is what the nodes have said, for a test that failed.
	logs(ctx context.Context) string
}

// top is the top of the repository.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a command to its end and returns what it printed, or an error with it.
func run(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// cleanupTime is how long taking a cluster down may last.
const cleanupTime = time.Minute
