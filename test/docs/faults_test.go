package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFaultsNameTestsThatExist holds docs/faults.md against the tests: what is named exists, every scenario
// and every test of a relative's failure is named, and no row of the matrix is forgotten.
func TestFaultsNameTestsThatExist(t *testing.T) {
	tests := testFunctions(t)
	scenarios := map[string]bool{}
	for _, m := range regexp.MustCompile(`\{name: "(\w+)", rows:`).FindAllStringSubmatch(read(t, "test/faults/scenario_test.go"), -1) {
		scenarios[m[1]] = true
	}
	if len(tests) < 100 || len(scenarios) < 10 {
		t.Fatalf("found %d tests and %d scenarios: is the test looking at the right place?", len(tests), len(scenarios))
	}
	page := read(t, "docs/faults.md")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(Test\\w+)(?:/(\\w+))?`").FindAllStringSubmatch(page, -1) {
		named[m[1]], named[m[2]] = true, true
		if !tests[m[1]] {
			t.Errorf("docs/faults.md: there is no test %s", m[1])
		}
		if m[2] != "" && !scenarios[m[2]] {
			t.Errorf("docs/faults.md: %s has no scenario %s", m[1], m[2])
		}
	}
	for s := range scenarios {
		if !named[s] {
			t.Errorf("docs/faults.md: the scenario %s is missing", s)
		}
	}
	for name := range tests {
		if strings.HasPrefix(name, "TestRel_") && !named[name] {
			t.Errorf("docs/faults.md: %s is missing", name)
		}
	}
	for i := 1; i <= 61; i++ {
		if row := fmt.Sprintf("\n| F%02d | ", i); !strings.Contains(page, row) {
			t.Errorf("docs/faults.md: row F%02d is missing", i)
		}
	}
}

// testFunctions returns the names of all tests in the repository.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
