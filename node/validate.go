package node

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/atollkv/atoll/membership"
)

// Hard limits. They form a chain: a value fits into a record, a record into a message.
const (
	hardMaxValueBytes = 15 << 20 // below the largest record of the op log
	hardMaxKeyBytes   = 64 << 10
	hardMaxOffset     = time.Hour
	softMaxOffset     = 10 * time.Minute
	hardMaxFsync      = time.Minute
	minCacheBytes     = 1 << 20
	minLogBytes       = 1 << 20
	minLogAge         = time.Minute
	minEndAfter       = time.Second
)

var (
	namePattern    = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	clusterPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// Validate reports every problem at once, as a *ConfigError.
func (c *Config) Validate() error {
	var ps problems
	c.validate(&ps)
	return ps.err()
}

func (c *Config) validate(ps *problems) {
	c.validateNames(ps)
	c.validateAddresses(ps)
	c.validatePeers(ps)
	c.validateAmounts(ps)
	c.validateDataDir(ps)
	c.validateBackup(ps)
	c.validateVerify(ps)
	c.validateRESP(ps)
	if c.Gossip.KeyFile != "" {
		if _, err := membership.LoadKey(c.Gossip.KeyFile); err != nil {
			ps.add("gossip.key_file: %v", err)
		}
	}
	if !c.Dev.Faults && len(c.Dev.Cut)+len(c.Dev.Deaf) > 0 {
		ps.add("dev.cut, dev.deaf: need dev.faults")
	}
	if !c.Dev.Faults && c.Dev.ClockOffsetFile != "" {
		ps.add("dev.clock_offset_file: needs dev.faults")
	}
}

func (c *Config) validateNames(ps *problems) {
	name := func(key, value string) {
		switch {
		case c.source(key) == sourceInvalid, value == "" && c.unread:
		case value == "":
			ps.add("%s: required; set it in the file, by %s or --%s", key, mustSetting(key).env(), mustSetting(key).flag())
		case len(value) > 64:
			ps.add("%s: %d characters, limit 64", key, len(value))
		case !namePattern.MatchString(value):
			ps.add("%s: %q; use a-z, 0-9 and -", key, clip(value))
		}
	}
	name("region", c.Region)
	name("node", c.Node)
	if !clusterPattern.MatchString(c.Cluster) {
		ps.add("cluster: %q; use 1 to 64 of A-Z, a-z, 0-9, . _ and -", clip(c.Cluster))
	}
}

func mustSetting(key string) setting {
	s, _ := findSetting(key)
	return s
}

func (c *Config) validateAddresses(ps *problems) {
	if c.Listen == "" {
		ps.add("listen: required")
	}
	taken := map[string]string{}
	for _, a := range []struct{ key, value string }{
		{"listen", c.Listen}, {"resp.listen", c.RESP.Listen}, {"http_listen", c.HTTPListen}, {"gossip.listen", c.Gossip.Listen},
	} {
		if a.value == "" {
			continue
		}
		host, err := splitAddress(a.value)
		if err != nil {
			ps.add("%s: %v", a.key, err)
			continue
		}
		if other, ok := taken[a.value]; ok {
			ps.add("%s: %s is also %s", a.key, a.value, other)
		}
		taken[a.value] = a.key
		if !c.Insecure && !isLoopback(host) {
			ps.add("%s: refusing to listen on %s without TLS and auth; see docs/security.md (on a private network: insecure: true)", a.key, hostName(host))
		}
	}
	for _, a := range []struct{ key, value, listen string }{
		{"advertise", c.Advertise, c.Listen}, {"gossip.advertise", c.Gossip.Advertise, c.Gossip.Listen},
	} {
		c.validateAdvertise(a.key, a.value, a.listen, ps)
	}
}

// validateAdvertise checks an address that others dial: it must name one host.
func (c *Config) validateAdvertise(key, value, listen string, ps *problems) {
	address := value
	if address == "" {
		address = listen
	}
	host, err := splitAddress(address)
	switch {
	case address == "":
	case err != nil && value != "":
		ps.add("%s: %v", key, err)
	case err == nil && isUnspecified(host) && (value != "" || key == "advertise"):
		ps.add("%s: others cannot reach %s; name the address that they use", key, address)
	}
}

func (c *Config) validatePeers(ps *problems) {
	seen := map[string]bool{}
	for _, peer := range c.Peers {
		if host, err := splitAddress(peer); err != nil || host == "" {
			ps.add("peers: %q is no host:port", clip(peer))
			continue
		}
		if peer == c.AdvertiseAddress() || peer == c.Listen {
			ps.add("peers: %s is this node", peer)
		}
		if seen[peer] {
			ps.add("peers: %s twice", peer)
		}
		seen[peer] = true
	}
	for _, address := range c.Gossip.Join {
		if host, err := splitAddress(address); err != nil || host == "" {
			ps.add("gossip.join: %q is no host:port", clip(address))
		}
	}
	if len(c.Gossip.Join) > 0 && c.Gossip.Listen == "" {
		ps.add("gossip.join: gossip is off; set gossip.listen")
	}
}

func (c *Config) validateAmounts(ps *problems) {
	if c.MaxOffset <= 0 || c.MaxOffset > hardMaxOffset {
		ps.add("max_offset: %v; need more than 0 and at most %v", c.MaxOffset, hardMaxOffset)
	}
	if c.Scrub.Interval < 0 || c.Scrub.RateBytes < 0 {
		ps.add("scrub.interval %v, scrub.rate_bytes %d: negative", c.Scrub.Interval, c.Scrub.RateBytes)
	}
	if c.Origins.EndAfter < minEndAfter {
		ps.add("origins.end_after: %v; need at least %v", c.Origins.EndAfter, minEndAfter)
	}
	if c.FsyncInterval <= 0 || c.FsyncInterval > hardMaxFsync {
		ps.add("fsync_interval: %v; need more than 0 and at most %v", c.FsyncInterval, hardMaxFsync)
	}
	if c.Log.MaxBytes < minLogBytes {
		ps.add("log.max_bytes: %s; need at least %s", formatSize(c.Log.MaxBytes), formatSize(minLogBytes))
	}
	if c.Log.MaxAge != 0 && c.Log.MaxAge < minLogAge {
		ps.add("log.max_age: %v; need at least %v, or 0", c.Log.MaxAge, minLogAge)
	}
	if c.Log.RetainBytes > c.Log.MaxBytes && c.source("log.retain_bytes") != "default" {
		ps.add("log.retain_bytes (%s) must not be above log.max_bytes (%s)", formatSize(c.Log.RetainBytes), formatSize(c.Log.MaxBytes))
	}
	if c.CacheBytes < minCacheBytes {
		ps.add("cache_bytes: %s; need at least %s", formatSize(c.CacheBytes), formatSize(minCacheBytes))
	}
	if n := c.Memory.LimitBytes; n != 0 && n < minMemoryBytes {
		ps.add("memory.limit_bytes: %s; need at least %s, or 0B for half of what there is", formatSize(n), formatSize(minMemoryBytes))
	}
	between := func(key string, n, hard int64, show func(int64) string) {
		if n < 1 || n > hard {
			ps.add("%s: %s; need at least 1 and at most %s", key, show(n), show(hard))
		}
	}
	between("limits.max_value_bytes", c.Limits.MaxValueBytes, hardMaxValueBytes, formatSize)
	between("limits.max_key_bytes", c.Limits.MaxKeyBytes, hardMaxKeyBytes, formatSize)
	between("limits.max_connections", c.Limits.MaxConnections, 1<<20, func(n int64) string { return strconv.FormatInt(n, 10) })
}

// validateDataDir checks what can be known without writing.
func (c *Config) validateDataDir(ps *problems) {
	if c.DataDir == "" && c.unread {
		return
	}
	if c.DataDir == "" {
		ps.add("data_dir: required; set it in the file, by %s or --%s", mustSetting("data_dir").env(), mustSetting("data_dir").flag())
		return
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		ps.add("data_dir: %v", err)
		return
	}
	for {
		info, err := os.Stat(dir)
		if os.IsNotExist(err) && dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir) // it will be made: then its parent counts
			continue
		}
		switch {
		case err != nil:
			ps.add("data_dir: %v", err)
		case !info.IsDir():
			ps.add("data_dir: %s is a file", dir)
		case unix.Access(dir, unix.W_OK) != nil:
			ps.add("data_dir: %s is not writable", dir)
		}
		return
	}
}

// Warnings returns what is legal but seldom meant.
func (c *Config) Warnings() []string {
	var ws problems
	if c.MaxOffset > softMaxOffset {
		ws.add("max_offset: %v lets a wrong clock win for as long", c.MaxOffset)
	}
	if c.Log.RetainBytes > c.Log.MaxBytes {
		ws.add("log.retain_bytes: %s, bounded by log.max_bytes (%s)", formatSize(c.Log.RetainBytes), formatSize(c.Log.MaxBytes))
	}
	if c.Gossip.Listen == "" && len(c.Peers) == 0 {
		ws.add("gossip is off and there are no peers: this node is alone")
	}
	if host, err := splitAddress(c.RESP.Listen); err == nil && !isLoopback(host) && c.RESP.PasswordFile == "" {
		ws.add("resp.listen: without resp.password_file only clients on this host are let in")
	}
	if c.Dev.Faults {
		ws.add("dev.faults: links can be cut by anybody who reaches %s", c.Listen)
	}
	if c.Dev.ClockOffsetFile != "" {
		ws.add("dev.clock_offset_file: this node's clock is what %s says", c.Dev.ClockOffsetFile)
	}
	if kind := volatileFS(c.DataDir); kind != "" {
		ws.add("data_dir: %s is on %s", c.DataDir, kind)
	}
	return ws
}

// splitAddress checks host:port and returns the host.
func splitAddress(address string) (string, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is no host:port", clip(address))
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return "", fmt.Errorf("port %q is no number", clip(portText))
	}
	if port < 1 || port > 65535 {
		return "", fmt.Errorf("port %d; need 1 to 65535", port)
	}
	if strings.ContainsAny(host, " /\\@?#") || len(host) > 253 {
		return "", fmt.Errorf("host %q is no name or address", clip(host))
	}
	return host, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isUnspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

func hostName(host string) string {
	if host == "" {
		return "all addresses"
	}
	return host
}
