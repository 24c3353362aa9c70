package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// letters is an iterator over the letters of a string.
type letters struct {
	keys string
	at   int
}

func (l *letters) move(to int) bool { l.at = to; return l.Valid() }
func (l *letters) First() bool      { return l.move(0) }
func (l *letters) Last() bool       { return l.move(len(l.keys) - 1) }
func (l *letters) Next() bool       { return l.move(l.at + 1) }
func (l *letters) Prev() bool       { return l.move(l.at - 1) }
func (l *letters) Valid() bool      { return l.at >= 0 && l.at < len(l.keys) }
func (l *letters) Key() []byte      { return []byte(l.keys[l.at : l.at+1]) }
func (l *letters) Value() []byte    { return nil }
func (l *letters) Error() error     { return nil }
func (l *letters) Close() error     { return nil }

func (l *letters) SeekGE(key []byte) bool {
	at, _ := slices.BinarySearch([]byte(l.keys), key[0])
	return l.move(at)
}

// Whichever way a walk goes, it ends with an error before it passes damage, whether it
// meets cells there or not.
func TestAWalkDoesNotPassDamage(t *testing.T) {
	for name, c := range map[string]struct {
		lo, hi, keys string
		there, back  string // what is seen before the end; in upper case without an error
	}{
		"damage in the middle":       {"c", "d", "abcdef", "ab", "fed"},
		"where nothing lies":         {"c", "d", "abef", "ab", "fe"},
		"at the beginning":           {"a", "b", "abc", "", "cb"},
		"at the end":                 {"x", "z", "abc", "abc", ""},
		"around all":                 {"a", "z", "abc", "", ""},
		"before the bounds":          {"A", "B", "abc", "ABC", "CBA"},
		"of a store that holds none": {"c", "d", "", "", ""},
	} {
		for way, want := range map[string]string{"there": c.there, "back": c.back} {
			d := &damaged{}
			d.block(Damage{Lo: []byte(c.lo), Hi: []byte(c.hi)})
			it := d.blocked(&letters{keys: c.keys}, []byte("a"), []byte("z"))
			begin, on := it.First, it.Next
			if way == "back" {
				begin, on = it.Last, it.Prev
			}
			seen := ""
			for ok := begin(); ok; ok = on() {
				seen += string(it.Key())
			}
			whole := want != "" && want == strings.ToUpper(want)
			if seen != strings.ToLower(want) || errors.Is(it.Error(), ErrCorrupt) == whole || on() {
				t.Errorf("%s, %s: %q, %v, want %q", name, way, seen, it.Error(), want)
			}
		}
	}
}
