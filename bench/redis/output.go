package main

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseCSV reads what redis-benchmark --csv prints: a head, then one line.
func parseCSV(text string) (rps, p99 float64, err error) {
	if at := strings.Index(text, `"test"`); at >= 0 {
		text = text[at:] // warnings come before it
	}
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return 0, 0, fmt.Errorf("output of redis-benchmark: %w: %.200q", err, text)
	}
	if len(records) != 2 {
		return 0, 0, fmt.Errorf("output of redis-benchmark: %d lines: %.200q", len(records), text)
	}
	for _, f := range []struct {
		name string
		to   *float64
	}{{"rps", &rps}, {"p99_latency_ms", &p99}} {
		i := slices.Index(records[0], f.name)
		if i < 0 {
			return 0, 0, fmt.Errorf("output of redis-benchmark has no %s: %q", f.name, records[0])
		}
		if *f.to, err = strconv.ParseFloat(records[1][i], 64); err != nil {
			return 0, 0, err
		}
	}
	return rps, p99, nil
}

// requestsOf returns the argument -n.
func requestsOf(args []string) int {
	n, _ := strconv.Atoi(args[slices.Index(args, "-n")+1])
	return n
}

const tableHead = "| fsync | case | goal | redis/s | atoll/s | ratio (least to most) | p99 ms, redis and atoll | CPU-s/M, redis and atoll | |\n|---|---|---|---|---|---|---|---|---|"

// line is a row of the table: medians, and the ratio of medians with those of single rounds.
func line(fsync string, c *benchCase, theirs, ours []measure) string {
	pick := func(list []measure, of func(measure) float64) float64 {
		var all []float64
		for _, m := range list {
			all = append(all, of(m))
		}
		return median(all)
	}
	rps, p99, cpu := func(m measure) float64 { return m.rps }, func(m measure) float64 { return m.p99 }, func(m measure) float64 { return m.cpu }
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].rps/theirs[i].rps)
	}
	return fmt.Sprintf("| %s | %s | %s | %.0f | %.0f | %.2f (%.2f to %.2f) | %.1f, %.1f | %.1f, %.1f | |",
		fsync, c.name, c.goal, pick(theirs, rps), pick(ours, rps), pick(ours, rps)/pick(theirs, rps), slices.Min(ratios), slices.Max(ratios),
		pick(theirs, p99), pick(ours, p99), pick(theirs, cpu), pick(ours, cpu))
}

// median returns the middle one, or the mean of the two in the middle.
func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}
