package main

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/atollkv/atoll/node"
)

func TestReloadAsksForTheNameOfTheNode(t *testing.T) {
	known := &node.Reload{Dir: "/d", Owner: node.Owner{Cluster: "c", Region: "eu", Node: "n1"}}
	unknown := &node.Reload{Dir: "/d"}
	for _, tt := range []struct {
		of     *node.Reload
		answer string
		agreed bool
	}{
		{known, "eu/n1\n", true},
		{known, "y\n", false},
		{known, "\n", false},
		{known, "", false},
		{unknown, "/d\n", true},
		{unknown, "\n", false},
	} {
		s := &session{in: bufio.NewReader(strings.NewReader(tt.answer)), err: io.Discard}
		f := s.confirm(tt.of)
		if (f == nil) != tt.agreed || f != nil && f.exit != exitRefused {
			t.Errorf("%q: %v", tt.answer, f)
		}
	}
}
