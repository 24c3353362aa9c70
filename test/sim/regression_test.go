package sim

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

// TestRegressions plays the scenarios that once showed a bug, each shrunk to a few steps.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob("testdata/regressions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if err := play(s, mistake.Set{}).report(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}
