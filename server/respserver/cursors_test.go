package respserver

import (
	"strings"
	"testing"
)

func TestCursorsAreBounded(t *testing.T) {
	var c cursors
	first := c.add("a", []byte("place"))
	for i := range cursorsMax - 1 {
		id := c.add("b", []byte{byte(i)})
		if _, ok := c.find("b", id); !ok || id == 0 {
			t.Fatalf("the newest, %d, is not known", id)
		}
	}
	if place, ok := c.find("a", first); !ok || string(place) != "place" { // and now it is the newest
		t.Fatalf("%q, %v", place, ok)
	}
	if _, ok := c.find("b", first); ok {
		t.Error("a cursor of another scan is taken")
	}
	c.add("b", nil)
	if _, ok := c.find("a", first); !ok {
		t.Error("the one used last was forgotten")
	}
	for range 2 * cursorBytesMax / (64 << 10) {
		c.add(strings.Repeat("x", 64<<10), nil)
	}
	if c.bytes > cursorBytesMax || c.used.Len() != len(c.byID) {
		t.Errorf("%d bytes, %d and %d", c.bytes, c.used.Len(), len(c.byID))
	}
	if _, ok := c.find("a", first); ok {
		t.Error("nothing is forgotten")
	}
	if place, ok := c.find("a", 0); !ok || place != nil {
		t.Error("0 is not the beginning")
	}
}
