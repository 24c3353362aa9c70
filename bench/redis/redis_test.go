package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestOutputOfRedisBenchmark(t *testing.T) {
	const out = "WARNING: Could not fetch server CONFIG\n" + `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"SET","145348.83","0.291","0.096","0.271","0.399","0.703","2.927"
`
	rps, p99, err := parseCSV(out)
	if rps != 145348.83 || p99 != 0.703 || err != nil {
		t.Errorf("%v, %v, %v", rps, p99, err)
	}
	for _, bad := range []string{"", "Error from server: x\n", strings.Replace(out, "rps", "x", 1), strings.Replace(out, "145348.83", "x", 1), strings.Join(strings.Split(out, "\n")[:2], "\n")} {
		if _, _, err := parseCSV(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestProcessorTime(t *testing.T) {
	got, err := parseStat("42 (a b) c) S 1 1 1 0 -1 4194560 1 0 0 0 150 25 7 7 20 0 1 0 5 6 7")
	if got != 1.75 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "1 (x) S 1", "42 (a) S 1 1 1 0 -1 4194560 1 0 0 0 x 25 7"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Skip("this is not Linux")
	}
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
	}
	before, err := parseStat(string(b))
	if err != nil {
		t.Fatal(err)
	}
	b, err = os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if after, err := parseStat(string(b)); err != nil || after < before {
		t.Errorf("%v after %v, %v", after, before, err)
	}
}

func TestLinesOfTheTable(t *testing.T) {
	c := benchCase{name: "SET P=16", goal: "P1"}
	got := line("always", &c, []measure{{100, 1, 2}, {300, 3, 4}, {200, 2, 3}}, []measure{{50, 5, 20}, {300, 7, 40}, {120, 6, 30}})
	want := "| always | SET P=16 | P1 | 200 | 120 | 0.60 (0.50 to 1.00) | 2.0, 6.0 | 3.0, 30.0 | |"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if strings.Count(got, "|") != strings.Count(strings.Split(tableHead, "\n")[0], "|") {
		t.Error("the head has other columns")
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("the median is %v", m)
	}
}

func TestArguments(t *testing.T) {
	c := modes[0].cases[0]
	if got := strings.Join(c.arguments("127.0.0.1:7", 0.5), " "); got != "-h 127.0.0.1 -p 7 -c 50 -d 256 -r 1000000 -n 200000 -P 16 -t set --csv" {
		t.Error(got)
	}
	if n := requestsOf(c.arguments("127.0.0.1:7", 0)); n != clients*16 {
		t.Errorf("%d requests", n)
	}
}

func TestResidentMemoryIsRead(t *testing.T) {
	got, err := parseResident("Name:\tatolld\nVmHWM:\t  99 kB\nVmRSS:\t  1204 kB\nRssAnon:\t 1 kB\n")
	if err != nil || got != 1204*1024 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseResident("Name:\tatolld\n"); err == nil {
		t.Error("a missing line is an error")
	}
}
