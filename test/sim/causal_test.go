package sim

import (
	"strings"
	"testing"
)

// historyOf reads "process w|r key value" lines.
func historyOf(lines string) *history {
	h := &history{}
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		f := append(strings.Fields(line), "")
		h.add(call{process: f[0], write: f[1] == "w", key: f[2], value: f[3]})
	}
	return h
}

// TestCausalHistories: each bad pattern of Bouajjani et al. is named, and what merely
// looks odd is not.
func TestCausalHistories(t *testing.T) {
	for _, c := range []struct{ name, history, want string }{
		{"nothing but writes", "a w r 1\nb w r 2", ""},
		{"concurrent writes seen by both in one order", "a w r 1\nb w r 2\na r r 1\na r r 2\nb r r 2", ""},
		{"a long fork is allowed", "a w r 1\nb w q 2\nc r r 1\nc r q\nd r q 2\nd r r", ""},
		{"a value from nowhere", "a r r 1", "ThinAirRead"},
		{"reading what depends on it", "a r r 1\na w q 2\nb r q 2\nb w r 1", "CyclicCO"},
		{"forgetting one's own write", "a w r 1\na r r", "WriteCOInitRead"},
		{"the cause is missing", "a w r 1\na w q 2\nb r q 2\nb r r", "WriteCOInitRead"},
		{"going back", "a w r 1\nb r r 1\nb w r 2\nc r r 2\nc r r 1", "WriteCORead"},
		{"an overwritten value after its effect was seen", "a w r 1\na w r 2\na w q 3\nb r q 3\nb r r 1", "WriteCORead"},
		{"two nodes choose different winners for ever", "a w r 1\nb w r 2\na r r 2\na r r 2\nb r r 1", "CyclicCF"},
	} {
		got := historyOf(c.history).judge()
		if name, _, _ := strings.Cut(got, ":"); name != c.want {
			t.Errorf("%s: judged %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSessions: a process may not forget, nor show what was overwritten.
func TestSessions(t *testing.T) {
	for _, c := range []struct {
		name  string
		reads [][]string
		want  string
	}{
		{"one value, then the one that overwrote it", [][]string{{"1"}, {"2"}}, ""},
		{"concurrent values", [][]string{{"1"}, {"1", "3"}}, ""},
		{"a value is gone", [][]string{{"1"}, {"3"}}, "was there before"},
		{"back again", [][]string{{"2"}, {"1"}}, "was there before"},
		{"everything is gone", [][]string{{"2"}, {}}, "was there before"},
		{"beside what overwrote it", [][]string{{"1", "2"}}, "beside"},
		{"beside what overwrote it through another", [][]string{{"1", "4"}}, "beside"},
	} {
		s := &sessions{}
		s.overwrites("2", []string{"1"})
		s.overwrites("3", nil)
		s.overwrites("4", []string{"2"})
		got := ""
		for _, r := range c.reads {
			if got == "" {
				got = s.read("p", r)
			}
		}
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: judged %q, want %q", c.name, got, c.want)
		}
	}
}
