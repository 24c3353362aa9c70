package client

import (
	"errors"
	"slices"
	"testing"
)

func TestTargetListsEndpoints(t *testing.T) {
	for _, c := range []struct {
		name, target string
		want         []string // nil is an error
	}{
		{"one endpoint", "h:1", []string{"h:1"}},
		{"a scheme and several", "atoll://h1:7000,h2:7010", []string{"h1:7000", "h2:7010"}},
		{"a slash at the end", "atoll://h:1/", []string{"h:1"}},
		{"no port", "h", []string{"h:7000"}},
		{"an IPv6 address", "[::1]:7000", []string{"[::1]:7000"}},
		{"an IPv6 address without a port", "[::1]", []string{"[::1]:7000"}},
		{"nothing", "", nil},
		{"an empty endpoint", "h:1,", nil},
		{"another scheme", "redis://h:1", nil},
		{"a query", "atoll://h:1?region=auto", nil},
		{"a bare IPv6 address", "::1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseTarget(c.target)
			if (c.want == nil) != errors.Is(err, ErrInvalid) || !slices.Equal(got, c.want) {
				t.Errorf("parseTarget(%q) = %q, %v; want %q", c.target, got, err, c.want)
			}
		})
	}
}
