package respserver

import "testing"

// A command is looked up by the beginning of its name of commandBytes: no name is longer.
func TestNamesAreShort(t *testing.T) {
	for name := range table {
		if len(name) > commandBytes {
			t.Errorf("%s has %d bytes, commandBytes is %d", name, len(name), commandBytes)
		}
	}
}
