package node

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxEcho bounds how much of a bad input an error repeats.
const maxEcho = 128

func clip(s string) string {
	if len(s) > maxEcho {
		return s[:maxEcho] + "…"
	}
	return s
}

// parseDuration reads 10ms, 5s, 1m30s. A bare number has no meaning.
func parseDuration(s string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, fmt.Errorf("%q has no unit; use %ss", clip(s), clip(s))
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no duration; use for example 500ms, 10s or 5m", clip(s))
	case d < 0:
		return 0, fmt.Errorf("%q is negative", clip(s))
	}
	return d, nil
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// parseSize reads 64MiB, 8KiB, 100B, and a bare number of bytes: the keys of sizes end in bytes.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := s[len(digits):]
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no size; use for example 64MiB", clip(s))
	}
	if n < 0 {
		return 0, fmt.Errorf("%q is negative", clip(s))
	}
	if unit == "" {
		return n, nil
	}
	for _, u := range sizeUnits {
		if u.name != unit {
			continue
		}
		if n > math.MaxInt64/u.bytes {
			return 0, fmt.Errorf("%q is too large", clip(s))
		}
		return n * u.bytes, nil
	}
	for _, u := range sizeUnits {
		if strings.EqualFold(unit, u.name) || strings.EqualFold(unit, strings.Replace(u.name, "i", "", 1)) || strings.EqualFold(unit, u.name[:1]) {
			return 0, fmt.Errorf("%q has an unknown unit; use %d%s", clip(s), n, u.name)
		}
	}
	return 0, fmt.Errorf("%q has an unknown unit; use B, KiB, MiB or GiB", clip(s))
}

// formatSize prints the largest unit that divides n.
func formatSize(n int64) string {
	for _, u := range sizeUnits {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}
