package suggest

import (
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	known := []string{"get", "set", "status", "listen"}
	for name, c := range map[string]struct {
		word   string
		within int
		want   string
	}{
		"two neighbours swapped count once":   {"gte", 1, `; did you mean "get"?`},
		"a letter too few":                    {"lisen", 1, `; did you mean "listen"?`},
		"the nearest wins":                    {"sett", 2, `; did you mean "set"?`},
		"nothing is near":                     {"frobnicate", 2, ""},
		"too far for the bound":               {"stats", 0, ""},
		"an endless word is not looked at":    {strings.Repeat("x", 65), 100, ""},
		"bytes that are no text are harmless": {"\xff\xfe", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DidYouMean(c.word, known, c.within); got != c.want {
				t.Errorf("DidYouMean(%q, %d) = %q, want %q", c.word, c.within, got, c.want)
			}
		})
	}
}
