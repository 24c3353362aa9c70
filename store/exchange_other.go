//go:build !linux

package store

import "os"

// exchange leaves a missing for a moment. Renaming onto a directory that is not empty
// fails, so a node that starts meanwhile is not overwritten.
func exchange(a, b string) error {
	between := b + ".fresh"
	for _, step := range [][2]string{{b, between}, {a, b}, {between, a}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return err
		}
	}
	return nil
}
