package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// good is a file without problems.
func good(t *testing.T) string { return fmt.Sprintf("region: eu\ndata_dir: %s\n", t.TempDir()) }

func TestFileProblemsNameLineAndRemedy(t *testing.T) {
	tests := []struct {
		name, add string
		want      string
	}{
		{"an unknown key", "lisen: x", `config.yaml:3: unknown key "lisen"; did you mean "listen"?`},
		{"an unknown nested key", "log:\n  max_byte: 1GiB", `config.yaml:4: unknown key "log.max_byte"; did you mean "log.max_bytes"?`},
		{"a key with nothing near", "zzzzzzzzzzzz: 1", `config.yaml:3: unknown key "zzzzzzzzzzzz"`},
		{"a key twice", "node: a\nnode: b", `config.yaml:4: key "node" twice; first in line 3`},
		{"a tab", "log:\n\tmax_bytes: 1GiB", `config.yaml:4:`},
		{"a list for one value", "node: [a, b]", `config.yaml:3: node: need one value, got a list`},
		{"a value for a section", "log: 5", `config.yaml:3: need keys with values here, got "5"`},
		{"a mapping for a value", "node:\n  a: b", `node: need a plain value`},
		{"an alias", "node: &a n1\ncluster: *a", `config.yaml:3: node: anchors and aliases are not used here`},
		{"a second document", "---\nnode: n2", `a second document; need one`},
		{"a duration without unit", "drain_timeout: 5", `config.yaml:3: drain_timeout: "5" has no unit; use 5s`},
		{"a negative duration", "drain_timeout: -1s", `drain_timeout: "-1s" is negative`},
		{"a duration too large to count", "drain_timeout: 1e9h", `drain_timeout: "1e9h" is no duration`},
		{"MB for MiB", "cache_bytes: 10MB", `cache_bytes: "10MB" has an unknown unit; use 10MiB`},
		{"a size too large to count", "cache_bytes: 99999999999GiB", `cache_bytes: "99999999999GiB" is too large`},
		{"no truth", "insecure: maybe", `insecure: "maybe" is neither true nor false`},
		{"a wrong choice", "fsync: allways", `fsync: "allways" is none of always, interval; did you mean "always"?`},
		{"a port out of range", "listen: 127.0.0.1:65536", `listen: port 65536; need 1 to 65535`},
		{"port 0", "listen: 127.0.0.1:0", `listen: port 0; need 1 to 65535`},
		{"no port", "listen: localhost", `listen: "localhost" is no host:port`},
		{"the same port twice", "http_listen: 127.0.0.1:7000", `http_listen: 127.0.0.1:7000 is also listen`},
		{"an open port without protection", "listen: 0.0.0.0:7000\nadvertise: h:7000", `listen: refusing to listen on 0.0.0.0 without TLS and auth; see docs/security.md`},
		{"all addresses without protection", "http_listen: :7002", `http_listen: refusing to listen on all addresses without TLS and auth`},
		{"an address nobody can dial", "listen: 0.0.0.0:7000\ninsecure: true", `advertise: others cannot reach 0.0.0.0:7000`},
		{"an upper-case node", "node: N1", `node: "N1"; use a-z, 0-9 and -`},
		{"a long node", "node: " + strings.Repeat("a", 65), `node: 65 characters, limit 64`},
		{"itself as peer", "peers: [127.0.0.1:7000]", `peers: 127.0.0.1:7000 is this node`},
		{"a peer twice", "peers: [h:1, h:1]", `peers: h:1 twice`},
		{"no clock offset", "max_offset: 0s", `max_offset: 0s; need more than 0`},
		{"limits that contradict", "log:\n  max_bytes: 2MiB\n  retain_bytes: 3MiB", `log.retain_bytes (3MiB) must not be above log.max_bytes (2MiB)`},
		{"a missing key file", "gossip:\n  key_file: /nowhere/key", `gossip.key_file: open /nowhere/key`},
		{"a join list without gossip", "gossip:\n  listen: \"\"\n  join: [h:1]", `gossip.join: gossip is off; set gossip.listen`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadConfig(Inputs{File: writeFile(t, good(t)+tt.add+"\n")})
			var ce *ConfigError
			if !errors.As(err, &ce) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got\n%v\nwant %s", err, tt.want)
			}
			if len(ce.Problems) > 2 {
				t.Errorf("%d problems from one mistake:\n%v", len(ce.Problems), err)
			}
		})
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	_, err := LoadConfig(Inputs{
		File:    writeFile(t, "lisen: x\nlog:\n  max_bytes: 10MB\nregion: EU\n"),
		Environ: []string{"ATOLL_FSINC=always", "ATOLL_DRAIN_TIMEOUT=5", "PATH=/bin"},
		Flags:   []FlagValue{{"cache_bytes", "lots"}},
	})
	want := `config.yaml:1: unknown key "lisen"; did you mean "listen"?
config.yaml:3: log.max_bytes: "10MB" has an unknown unit; use 10MiB
ATOLL_DRAIN_TIMEOUT: "5" has no unit; use 5s
environment: unknown variable ATOLL_FSINC; did you mean "ATOLL_FSYNC"?
--cache-bytes: "lots" is no size; use for example 64MiB
region: "EU"; use a-z, 0-9 and -
data_dir: required; set it in the file, by ATOLL_DATA_DIR or --data-dir`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestPrecedenceIsFlagEnvironmentFileDefault(t *testing.T) {
	cfg, err := LoadConfig(Inputs{
		File:    writeFile(t, good(t)+"node: from-file\ncluster: from-file\nmax_offset: 1s\n"),
		Environ: []string{"ATOLL_NODE=from-env", "ATOLL_CLUSTER=from-env", "ATOLL_LOG_MAX_BYTES=2147483648", "ATOLL_ADDR=ignored"},
		Flags:   []FlagValue{{"node", "from-flag"}, {"peers", "a:1,b:2"}, {"peers", "c:3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Node != "from-flag" || cfg.Cluster != "from-env" || cfg.MaxOffset != time.Second || cfg.Log.MaxBytes != 2<<30 || cfg.Fsync != "always" {
		t.Errorf("got %+v", cfg)
	}
	if got := strings.Join(cfg.Peers, " "); got != "a:1 b:2 c:3" {
		t.Errorf("peers %s", got)
	}
	var out bytes.Buffer
	if err := cfg.Show(&out, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# flag --node", "# env ATOLL_CLUSTER", "# file config.yaml:5", "# default", "# env ATOLL_LOG_MAX_BYTES"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestShowIsReadBackAsItWas(t *testing.T) {
	cfg, err := LoadConfig(Inputs{
		File:  writeFile(t, good(t)),
		Flags: []FlagValue{{"peers", "a:1,b:2"}, {"http_listen", ""}, {"log.max_bytes", "100MiB"}, {"dev.faults", "true"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := cfg.Show(&first, false); err != nil {
		t.Fatal(err)
	}
	again, err := LoadConfig(Inputs{File: writeFile(t, first.String())})
	if err != nil {
		t.Fatalf("%v in\n%s", err, first.String())
	}
	if err := again.Show(&second, false); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("wrote\n%s\nread\n%s", first.String(), second.String())
	}
}

func TestHostileFiles(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"a byte order mark", "\xef\xbb\xbfregion: eu\n", "config.yaml:1: starts with a byte order mark"},
		{"more than a mebibyte", strings.Repeat("#\n", 1<<20), "larger than 1MiB"},
		{"an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", `unknown key "a"`},
		{"a list as document", "- region\n", "need keys with values here"},
		{"no YAML", "{{{", "config.yaml:1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadConfig(Inputs{File: writeFile(t, tt.content)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := LoadConfig(Inputs{File: "/nowhere/config.yaml"}); err == nil || !strings.Contains(err.Error(), "/nowhere/config.yaml") {
		t.Errorf("missing file: %v", err)
	}
}

func TestAnEmptyFileIsLegal(t *testing.T) {
	for _, content := range []string{"", "\n", "# only a comment\n", "---\n"} {
		_, err := LoadConfig(Inputs{File: writeFile(t, content), Flags: []FlagValue{{"region", "eu"}, {"data_dir", t.TempDir()}}})
		if err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestDataDirIsCheckedWithoutWriting(t *testing.T) {
	file := writeFile(t, "")
	cfg := DefaultConfig()
	cfg.Region = "eu"
	for dir, want := range map[string]string{
		file:                                 "is a file",
		filepath.Join(file, "below"):         "not a directory",
		filepath.Join(t.TempDir(), "a", "b"): "",
	} {
		cfg.DataDir = dir
		err := cfg.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", dir, err, want)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "b")); err == nil {
			t.Errorf("%s was made", dir)
		}
	}
}

func TestSettingsTableIsSound(t *testing.T) {
	envs := map[string]string{}
	for _, s := range Settings() {
		if s.Help == "" {
			t.Errorf("%s has no help", s.Key)
		}
		if other, ok := envs[s.Env]; ok {
			t.Errorf("%s and %s share %s", s.Key, other, s.Env)
		}
		envs[s.Env] = s.Key
		if strings.ContainsAny(s.Flag, "._") {
			t.Errorf("flag %s", s.Flag)
		}
	}
	if envs["ATOLL_LOG_MAX_BYTES"] != "log.max_bytes" {
		t.Errorf("variables: %v", envs)
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add("region: eu\nlog:\n  max_bytes: 1GiB\npeers: [a:1]\n")
	f.Add("a: &a [x]\nb: *a\n<<: *a\n? x\n: y\n--- |\n")
	f.Fuzz(func(t *testing.T, content string) {
		cfg := DefaultConfig()
		var ps problems
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.readFile(path, &ps)
		for _, p := range ps {
			if len(p) > 1024 {
				t.Errorf("a problem of %d bytes", len(p))
			}
		}
	})
}
