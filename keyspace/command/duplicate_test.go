package command

import (
	"testing"

	"github.com/atollkv/atoll/crdt"
)

// TestEveryTypeIsCopied finds a type that RENAME and COPY do not know.
func TestEveryTypeIsCopied(t *testing.T) {
	for _, kind := range append(crdt.Collections[:], crdt.TypeString) {
		if duplicators[kind] == nil && kind != crdt.TypeGroups { // never shown, and copied with their stream
			t.Errorf("a %v cannot be copied", kind)
		}
	}
}
