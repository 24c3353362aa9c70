package main

import (
	"strings"
	"testing"
)

// Law: every command can be found, explains itself, and its example is a use of it.
func TestEveryCommandIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range commands {
		if seen[c.name] {
			t.Errorf("%s stands twice in the table", c.name)
		}
		seen[c.name] = true
		if c.summary == "" || c.group == "" || !strings.Contains(c.example, c.name) {
			t.Errorf("%s lacks summary, group or a fitting example", c.name)
		}
		if (c.op == nil) != (c.answer == nil) || (c.op == nil) == (c.run == nil) {
			t.Errorf("%s needs either op and answer, or run", c.name)
		}
		if c.inTxn && c.op == nil {
			t.Errorf("%s cannot be part of a transaction without an operation", c.name)
		}
		if (c.min > 0) != (c.args != "" && !strings.HasPrefix(c.args, "[")) {
			t.Errorf("%s: %q and at least %d arguments do not fit", c.name, c.args, c.min)
		}
	}
	for alias, name := range synonyms {
		if !seen[name] {
			t.Errorf("%s is said to mean %s, which does not exist", alias, name)
		}
	}
}

func TestUnknownCommandsGetASuggestion(t *testing.T) {
	for word, want := range map[string]string{
		"gte": "get", "GTE": "get", "smember": "smembers", "icnr": "incr", "multi": "txn", "keys": "scan", "converge": "converged", "xyzzy": "", "q": "",
	} {
		_, f := lookup(word, onlyShell)
		if f == nil {
			t.Errorf("%s was found", word)
			continue
		}
		if want == "" && strings.Contains(f.Message, "did you mean") {
			t.Errorf("%s: %s", word, f.Message)
		}
		if want != "" && !strings.Contains(f.Message, `did you mean "`+want+`"?`) {
			t.Errorf("%s: %s", word, f.Message)
		}
	}
}
