package docs

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSettingsAreDocumented holds the table of settings against atolld --help.
func TestSettingsAreDocumented(t *testing.T) {
	help, err := exec.Command(filepath.Join(bin, "atolld"), "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, help)
	}
	flags := map[string]string{} // flag: default
	for _, m := range regexp.MustCompile(`(?m)^ +--([a-z-]+)(.*)$`).FindAllStringSubmatch(string(help), -1) {
		value := ""
		if d := regexp.MustCompile(`\(default ([^)]*)\)$`).FindStringSubmatch(m[2]); d != nil {
			value = d[1]
		}
		flags[m[1]] = value
	}
	delete(flags, "config") // where the settings are, not one of them
	row := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| `--([a-z-]+)` \\| ([^|]*)\\|")
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/operations.md"), -1) {
		key, flag, value := m[1], m[2], strings.Trim(strings.TrimSpace(m[3]), "`")
		def, known := flags[flag]
		delete(flags, flag)
		switch {
		case !known:
			t.Errorf("docs/operations.md: atolld has no flag --%s", flag)
		case strings.NewReplacer(".", "-", "_", "-").Replace(key) != flag:
			t.Errorf("docs/operations.md: %s is not --%s", key, flag)
		case def != "" && def != value:
			t.Errorf("docs/operations.md: the default of %s is %s, not %s", key, def, value)
		}
	}
	for flag := range flags {
		t.Errorf("docs/operations.md: --%s is not in the table of settings", flag)
	}
}

// TestMetricsAreDocumented holds the table of metrics against the names in package node.
func TestMetricsAreDocumented(t *testing.T) {
	var code []string
	source := sources(t, "node/*.go")
	for _, m := range regexp.MustCompile(`(?:counters?|desc)\("([a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		code = append(code, "atoll_"+m[1])
	}
	for _, m := range regexp.MustCompile(`Name: "(atoll_[a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		code = append(code, m[1])
	}
	if len(code) < 10 {
		t.Fatalf("found only %v in node/*.go: is the test looking at the right place?", code)
	}
	var page []string
	for _, m := range regexp.MustCompile("`(atoll_[a-z_]+)").FindAllStringSubmatch(read(t, "docs/operations.md"), -1) {
		page = append(page, m[1])
	}
	for _, name := range code {
		if !slices.Contains(page, name) {
			t.Errorf("docs/operations.md: %s is missing", name)
		}
	}
	for _, name := range page {
		if !slices.Contains(code, name) {
			t.Errorf("docs/operations.md: there is no metric %s", name)
		}
	}
}

// sources returns the text of all files of a pattern, tests left out.
func sources(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(top, pattern))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range found {
		if !strings.HasSuffix(path, "_test.go") {
			all.WriteString(read(t, strings.TrimPrefix(path, top+"/")))
		}
	}
	return all.String()
}

// TestLinksLeadSomewhere follows the relative links of every page.
func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 10 {
		t.Fatalf("found only %v", pages)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.IsAbs() || u.Path == "" {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), u.Path)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", strings.TrimPrefix(page, top+"/"), m[1])
			}
		}
	}
}
