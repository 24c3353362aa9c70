package glob

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMatchByTable(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abbd", false},
		{"?", "", false}, {"?", "a", true}, {"a?c", "abc", true}, {"[ab]", "b", true}, {"[^ab]", "b", false}, {"[^ab]", "c", true},
		{"[a-c]x", "bx", true}, {"[c-a]x", "bx", true}, {"[a-c]", "d", false}, {`\*`, "*", true}, {`\*`, "a", false}, {`[\]]`, "]", true},
		{"a", "A", false}, {"**b**", "abc", true}, {"[ab", "a", true}, {`a\`, `a\`, true}, {"*a*b*c", "xaybzc", true}, {"a", "ab", false},
	} {
		if got := Match([]byte(c.pattern), []byte(c.text)); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.text, got)
		}
	}
}

// dumb matches * and ? by trying everything.
func dumb(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		return dumb(p[1:], s) || s != "" && dumb(p, s[1:])
	default:
		return s != "" && (p[0] == '?' || p[0] == s[0]) && dumb(p[1:], s[1:])
	}
}

func TestMatchIsWhatTryingEverythingGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern"), rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if got := Match([]byte(p), []byte(s)); got != dumb(p, s) {
			t.Fatalf("%q and %q: %v", p, s, got)
		}
		if prefix := Prefix([]byte(p)); dumb(p, s) && !strings.HasPrefix(s, string(prefix)) {
			t.Fatalf("%q matches %q, which lacks %q", p, s, prefix)
		}
	})
}

func TestMatchIsNeverSlow(t *testing.T) {
	done := make(chan struct{})
	go func() {
		Match([]byte(strings.Repeat("a*", 500)+"b"), []byte(strings.Repeat("a", 64<<10)))
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it takes more than a minute")
	}
}
