package docs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestConsistencyNamesTestsThatExist holds the scenarios of docs/consistency.md against the tests: each is
// played by something, and what is named exists, whether test, scenario of real processes or row of the rules.
func TestConsistencyNamesTestsThatExist(t *testing.T) {
	page, tests := read(t, "docs/consistency.md"), testFunctions(t)
	rules := section(t, page, "## Rules\n")
	for i, row := range scenarioRows(t, page) {
		if !strings.HasPrefix(row, fmt.Sprintf("| %d | ", i+1)) {
			t.Errorf("not scenario %d: %.60s", i+1, row)
		}
		cells := strings.Split(row, " | ")
		by := cells[len(cells)-1]
		if !regexp.MustCompile("`Test|\\*").MatchString(by) {
			t.Errorf("nothing plays %.60s", row)
		}
		for _, m := range regexp.MustCompile(`\*(.+?)\*`).FindAllStringSubmatch(by, -1) {
			if !strings.Contains(rules, "\n| "+m[1]+" | ") {
				t.Errorf("scenario %d: there is no rule %q", i+1, m[1])
			}
		}
	}
	scenarios := read(t, "test/e2e/scenario_test.go")
	for _, m := range regexp.MustCompile("`(Test\\w+)(?:/(\\w+))?`").FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("docs/consistency.md: there is no test %s", m[1])
		}
		if m[2] != "" && !strings.Contains(scenarios, "\t\""+m[2]+" ") {
			t.Errorf("docs/consistency.md: %s has no scenario %s", m[1], m[2])
		}
	}
}

// TestRulesThatArePlayedElsewhere: the table of rules is played by a test that leaves some rows to others.
func TestRulesThatArePlayedElsewhere(t *testing.T) {
	page, tests := read(t, "docs/consistency.md"), testFunctions(t)
	_, elsewhere, _ := strings.Cut(read(t, "node/conformance_test.go"), "var playedElsewhere = map[string]string{")
	elsewhere, _, _ = strings.Cut(elsewhere, "\n}")
	rows := regexp.MustCompile(`"(.+)": +"(\w+)"`).FindAllStringSubmatch(elsewhere, -1)
	if len(rows) < 3 {
		t.Fatalf("found %d rows: is the test looking at the right place?", len(rows))
	}
	for _, m := range rows {
		if !tests[m[2]] || !strings.Contains(page, "`"+m[2]+"`") {
			t.Errorf("%s: %s does not exist, or docs/consistency.md does not name it", m[1], m[2])
		}
	}
}

// section returns a part of a page, without its title.
func section(t *testing.T, page, title string) string {
	t.Helper()
	_, text, ok := strings.Cut(page, "\n"+title)
	if !ok {
		t.Fatalf("no section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// scenarioRows returns the rows of the table of scenarios.
func scenarioRows(t *testing.T, page string) (rows []string) {
	t.Helper()
	for _, line := range strings.Split(section(t, page, "## Scenarios\n"), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| |") {
			rows = append(rows, strings.TrimSuffix(line, " |"))
		}
	}
	if len(rows) < 27 {
		t.Fatalf("found %d scenarios: is the test looking at the right place?", len(rows))
	}
	return rows
}
