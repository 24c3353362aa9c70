package main

import (
	"strings"
	"testing"
)

// Law: every command can be found, explains itself, and its example is a use of it.
func TestEveryCommandIsExplained(t *testing.T) {
	seen, helped := map[string]bool{}, helpAll(onlyOnce)+helpAll(onlyShell)
	for _, c := range commands {
		if seen[c.name] {
			t.Errorf("%s stands twice in the table", c.name)
		}
		seen[c.name] = true
		if c.summary == "" || c.group == "" || !c.worded && !strings.Contains(c.example, c.name) {
			t.Errorf("%s lacks summary, group or a fitting example", c.name)
		}
		if (c.op == nil) != (c.answer == nil) || (c.op == nil) == (c.run == nil) {
			t.Errorf("%s needs either op and answer, or run", c.name)
		}
		if c.inTxn && c.op == nil {
			t.Errorf("%s cannot be part of a transaction without an operation", c.name)
		}
		if !strings.Contains(helped, "\n  "+shorten(c.usage(), 34)) {
			t.Errorf("%s is in no group of help", c.name)
		}
		if (c.min > 0) != c.needsArguments() {
			t.Errorf("%s: %q and at least %d arguments do not fit", c.name, c.args, c.min)
		}
	}
	for alias, name := range synonyms {
		if !seen[name] {
			t.Errorf("%s is said to mean %s, which does not exist", alias, name)
		}
	}
}

// needsArguments tells whether the usage has more than what may be left out.
func (c *command) needsArguments() bool {
	if !c.worded {
		return c.args != "" && !strings.HasPrefix(c.args, "[")
	}
	depth, needed := 0, false
	for _, r := range c.args {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r != ' ' && depth == 0:
			needed = true
		}
	}
	return needed
}

func TestUnknownCommandsGetASuggestion(t *testing.T) {
	for word, want := range map[string]string{
		"gte": "get", "GTE": "get", "smember": "smembers", "icnr": "incr", "ls": "scan", "converge": "converged", "xyzzy": "", "q": "",
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

func TestCommandsElsewhereAreNamed(t *testing.T) {
	for word, want := range map[string]string{"MULTI": "use txn", "Info": "use status", "subscribe": "use a client of that"} {
		if _, f := lookup(word, onlyShell); f == nil || !strings.Contains(f.Hint, want) || f.exit != exitUsage {
			t.Errorf("%s: %v", word, f)
		}
	}
}

func TestWhatIsCompleted(t *testing.T) {
	for _, c := range []struct {
		command, rest string
		key           bool
		literals      string // of the last word
	}{
		{command: "get", rest: "", key: true},
		{command: "get", rest: "a "},
		{command: "del", rest: "a b", key: true},
		{command: "mget", rest: "a b", key: true},
		{command: "getbit", rest: "a", key: true},
		{command: "geosearch", rest: "a FROM", literals: "FROMMEMBER FROMLONLAT"},
		{command: "geosearch", rest: "a fromm", literals: "FROMMEMBER"},
		{command: "geosearch", rest: "a k", literals: "KM"},
		{command: "bitop", rest: "", literals: "AND OR XOR NOT"},
		{command: "memory", rest: "U", literals: "USAGE"},
		{command: "strlen", rest: "a b"},
	} {
		cmd := commandNamed(c.command)
		if got := cmd.takesKey(c.rest); got != c.key {
			t.Errorf("%s %s: takes a key is %v", c.command, c.rest, got)
		}
		var got []string
		if cmd.worded && !c.key {
			for _, x := range cmd.literals(c.rest[strings.LastIndex(c.rest, " ")+1:]) {
				got = append(got, x.value)
			}
		}
		if text := strings.Join(got, " "); text != c.literals {
			t.Errorf("%s %s: offers %q, want %q", c.command, c.rest, text, c.literals)
		}
	}
}
