package node

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// ruleRow is a row of the conflict table and the commands that show it.
type ruleRow struct {
	name   string
	phases []phase
}

// phase is what is done while no region hears another, and what all answer once they are equal.
type phase struct{ steps, checks []ruleStep }

// ruleStep is a command in a region, or in all, and the reply, "" where that does not matter.
type ruleStep struct{ region, command, want string }

// playedElsewhere are rows that cannot be played beside others, and the tests that play them.
var playedElsewhere = map[string]string{
	"FLUSHALL ‖ a write":                                  "TestAFlushAgainstWritesItHasNotSeen",
	"BLPOP waits, its element arrives by a merge":         "TestAWaitEndsByAWriteOfAnotherRegion",
	"XREADGROUP BLOCK waits, an entry arrives by a merge": "TestConsumersWaitForAnotherRegion",
	"ATOLL.XCURSOR ‖ XADD with a lesser id":               "TestCursorsOfThreeRegionsInEveryOrder",
	"XREAD BLOCK waits, an entry arrives by a merge":      "TestReadersOfAStreamWaitForAnotherRegion",
}

// TestConflictTable plays every row of the table in docs/consistency.md in three regions. All rows are
// played side by side, with keys of their own, in every order of delivery.
func TestConflictTable(t *testing.T) {
	rows := readRules(t)
	missing := printedRows(t)
	for _, r := range rows {
		i := slices.Index(missing, r.name)
		if i < 0 {
			t.Errorf("docs/consistency.md has no row %q", r.name)
			continue
		}
		missing = slices.Delete(missing, i, i+1)
	}
	for _, name := range missing {
		if playedElsewhere[name] == "" {
			t.Errorf("testdata/conformance.txt does not play the row %q", name)
		}
	}
	for name, test := range playedElsewhere {
		if !slices.Contains(missing, name) {
			t.Errorf("docs/consistency.md has no row %q for %s to play", name, test)
		}
	}
	nodes := trio(t)
	for _, d := range deliveries() {
		playTable(t, nodes, d, rows)
	}
}

// readRules reads testdata/conformance.txt.
func readRules(t *testing.T) (rows []ruleRow) {
	t.Helper()
	text, err := os.ReadFile("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		name, isRow := strings.CutPrefix(line, "## ")
		switch {
		case isRow:
			rows = append(rows, ruleRow{name: name, phases: []phase{{}}})
		case line == "" || line[0] == '#':
		case line == "sync":
			last := &rows[len(rows)-1]
			last.phases = append(last.phases, phase{})
		default:
			region, rest, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("testdata/conformance.txt: %q", line)
			}
			command, want, _ := strings.Cut(rest, " => ")
			phases := rows[len(rows)-1].phases
			step := ruleStep{region, command, want}
			if n := len(phases); region == "all" {
				phases[n-2].checks = append(phases[n-2].checks, step)
			} else {
				phases[n-1].steps = append(phases[n-1].steps, step)
			}
		}
	}
	return rows
}

// printedRows returns the first cells of the conflict table.
func printedRows(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/consistency.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| ‖ | result |\n|---|---|\n")
	if !ok {
		t.Fatal("docs/consistency.md has no conflict table")
	}
	for _, line := range strings.Split(table, "\n") {
		cell, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !row {
			break
		}
		names = append(names, cell)
	}
	return names
}

// playTable plays all rows; what was written apart is delivered as told.
func playTable(t *testing.T, nodes []*running, d delivery, rows []ruleRow) {
	t.Helper()
	in := map[string]*redis.Conn{}
	for _, n := range nodes {
		c := redis.NewClient(&redis.Options{Addr: n.cfg.RESP.Listen, Protocol: 2, MaxRetries: -1, ReadTimeout: time.Minute}).Conn()
		t.Cleanup(func() { _ = c.Close() })
		in[n.cfg.Region] = c
	}
	for at := range slices.MaxFunc(rows, func(a, b ruleRow) int { return len(a.phases) - len(b.phases) }).phases {
		cutAll(nodes)
		for _, r := range rows {
			if at < len(r.phases) {
				r.write(t, at, d, in)
			}
		}
		d.heal(t, nodes)
		for _, r := range rows {
			if at < len(r.phases) {
				r.check(t, at, d, in)
			}
		}
	}
}

func (r ruleRow) write(t *testing.T, at int, d delivery, in map[string]*redis.Conn) {
	t.Helper()
	for _, s := range r.phases[at].steps {
		time.Sleep(2 * time.Millisecond) // each stamp is greater than the one before
		if got := r.run(t, s, d, in[s.region]); !answers(got, s.want) {
			t.Errorf("%s: in %s, %s gives %s, want %s", r.name, s.region, s.command, got, s.want)
		}
	}
}

func (r ruleRow) check(t *testing.T, at int, d delivery, in map[string]*redis.Conn) {
	t.Helper()
	for _, s := range r.phases[at].checks {
		want := s.want
		for _, region := range []string{"us", "eu", "ap"} {
			got := r.run(t, s, d, in[region])
			if want == "same" {
				want = got
			}
			if !answers(got, want) {
				t.Errorf("%s: after sync %d, with %s, %s in %s gives %s, want %s", r.name, at+1, d, s.command, region, got, want)
			}
		}
	}
}

var ruleKey = regexp.MustCompile(`^\$[a-z]$`)

// run runs a command on the row's own keys and returns the reply as text.
func (r ruleRow) run(t *testing.T, s ruleStep, d delivery, c *redis.Conn) string {
	t.Helper()
	var args []any
	keys := strings.NewReplacer()
	for _, word := range strings.Fields(s.command) {
		if ruleKey.MatchString(word) {
			key := word
			word = fmt.Sprintf("%s/%s/%s", r.name, d, word)
			keys = strings.NewReplacer(word, key)
		}
		args = append(args, word)
	}
	reply, err := c.Do(t.Context(), args...).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "(nil)"
	case err != nil:
		return "!" + err.Error()
	}
	return keys.Replace(fmt.Sprint(reply))
}

// answers tells whether a reply is what a rule wants.
func answers(got, want string) bool {
	words := func(s string) []string { return strings.Fields(strings.Trim(s, "[]{}")) }
	switch {
	case want == "":
		return !strings.HasPrefix(got, "!")
	case want[0] == '!':
		return strings.HasPrefix(got, want)
	case want[0] == '>':
		n, err := strconv.Atoi(got)
		least, _ := strconv.Atoi(want[1:])
		return err == nil && n > least
	case want[0] == '#':
		return want[1:] == strconv.Itoa(elements(got))
	case want[0] == '{':
		return slices.Equal(slices.Sorted(slices.Values(words(got))), slices.Sorted(slices.Values(words(want))))
	}
	return got == want
}

// elements counts the elements of an array in text.
func elements(array string) (n int) {
	array = strings.ReplaceAll(array, "map[", "[")
	depth := 0
	for i, c := range array {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 1 && c != ' ' && array[i-1] == '[', depth == 1 && c != ' ' && array[i-1] == ' ':
			n++
		}
		if c == '[' && depth == 2 {
			n++
		}
	}
	return n
}
