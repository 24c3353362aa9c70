package docker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/freeport"
)

// compose is docker-compose.yml, with a project name, ports and a network of its own.
type compose struct {
	dir     string
	command []string // docker compose, or docker-compose
	project string
	wan     string // first three bytes of the WAN network
	ports   map[string]int
	env     []string
}

// host is the last byte of the region's WAN address, as docker-compose.yml has it.
var host = map[string]int{"us": 10, "eu": 20, "ap": 30}

// engine tells why there is no Docker engine with compose to use, or "".
func engine(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		return fmt.Sprintf("no Docker engine answers (%v: %s)", err, strings.TrimSpace(string(out)))
	}
	if composeCommand(ctx) == nil {
		return "neither \"docker compose\" nor \"docker-compose\" is installed"
	}
	return ""
}

func composeCommand(ctx context.Context) []string {
	if exec.CommandContext(ctx, "docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	return nil
}

// newCompose builds the image, starts the three regions and takes them down when the
// test ends.
func newCompose(ctx context.Context, t *testing.T) *compose {
	t.Helper()
	c := &compose{dir: top(t), command: composeCommand(ctx), project: fmt.Sprintf("atolltest%d", os.Getpid())}
	image := "atoll:test" + c.project
	if _, err := run(ctx, c.dir, nil, "make", "image", "IMAGE="+image); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		down, cancel := context.WithTimeout(context.Background(), cleanupTime)
		defer cancel()
		if _, err := c.compose(down, "down", "-v"); err != nil {
			t.Error(err)
		}
		if _, err := run(down, c.dir, nil, "docker", "rmi", "-f", image); err != nil {
			t.Error(err)
		}
	})
	var err error
	for range 5 { // ports or addresses may be taken between our look and their use
		if err = c.choose(image); err != nil {
			t.Fatal(err)
		}
		if _, err = c.compose(ctx, "up", "-d"); err == nil {
			return c
		}
		t.Logf("trying another network: %v", err)
		if _, downErr := c.compose(ctx, "down", "-v"); downErr != nil {
			t.Fatal(downErr)
		}
	}
	t.Fatal(err)
	return nil
}

// choose picks ports and a network.
func (c *compose) choose(image string) error {
	base, err := freeport.Base(2 * len(regions))
	if err != nil {
		return err
	}
	c.wan = fmt.Sprintf("10.%d.%d", 200+rand.IntN(50), rand.IntN(250))
	c.env = []string{"REGIONS_IMAGE=" + image, "REGIONS_WAN=" + c.wan}
	c.ports = map[string]int{}
	for i, r := range regions {
		c.ports[r] = base + 2*i
		upper := strings.ToUpper(r)
		c.env = append(c.env,
			fmt.Sprintf("REGIONS_PORT_%s=%d", upper, base+2*i),
			fmt.Sprintf("REGIONS_HTTP_%s=%d", upper, base+2*i+1))
	}
	return nil
}

func (c *compose) compose(ctx context.Context, args ...string) (string, error) {
	all := append(append([]string{}, c.command[1:]...), "-p", c.project, "-f", "docker-compose.yml")
	return run(ctx, c.dir, c.env, c.command[0], append(all, args...)...)
}

// container asks for the region's container: its name depends on the compose version.
func (c *compose) container(ctx context.Context, region string) (string, error) {
	out, err := run(ctx, c.dir, nil, "docker", "ps", "-aq",
		"--filter", "label=com.docker.compose.project="+c.project, "--filter", "label=com.docker.compose.service="+region)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(out)
	if id == "" || strings.Contains(id, "\n") {
		return "", fmt.Errorf("containers of %s: %q, want one", region, id)
	}
	return id, nil
}

func (c *compose) docker(ctx context.Context, region string, args ...string) error {
	id, err := c.container(ctx, region)
	if err != nil {
		return err
	}
	_, err = run(ctx, c.dir, nil, "docker", append(args, id)...)
	return err
}

func (c *compose) addr(region string) string { return fmt.Sprintf("127.0.0.1:%d", c.ports[region]) }

func (c *compose) isolate(ctx context.Context, region string) error {
	return c.docker(ctx, region, "network", "disconnect", c.project+"_wan")
}

func (c *compose) rejoin(ctx context.Context, region string) error {
	return c.docker(ctx, region, "network", "connect", "--ip", fmt.Sprintf("%s.%d", c.wan, host[region]), c.project+"_wan")
}

func (c *compose) kill(ctx context.Context, region string) error {
	return c.docker(ctx, region, "kill")
}

func (c *compose) start(ctx context.Context, region string) error {
	return c.docker(ctx, region, "start")
}

func (c *compose) logs(ctx context.Context) string {
	out, err := c.compose(ctx, "logs", "--tail", "60")
	if err != nil {
		return err.Error()
	}
	return out
}
