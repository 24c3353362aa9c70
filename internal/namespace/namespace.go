package namespace

import (
	"fmt"
	"strconv"
	"strings"
)

// Name is a namespace; the empty one is the default.
type Name string

const (
	// Default is the namespace of those who choose none; its number is 0.
	Default Name = ""
	// DefaultText is how it is written.
	DefaultText = "default"
	// Numbers is how many namespaces have a number.
	Numbers = 16
	// MaxBytes bounds a name.
	MaxBytes = 64
)

// Form tells people which names there are.
const Form = `"default", a number from 0 to 15, or 1 to 64 letters, digits, ".", "_" and "-", a letter first`

// Parse reads a name as people write it. Nothing, "default" and "0" are the default.
func Parse(text string) (Name, error) {
	if text == "" || text == DefaultText || text == "0" {
		return Default, nil
	}
	if !valid(text) {
		return Default, fmt.Errorf("namespace %.80q: must be %s", text, Form)
	}
	return Name(text), nil
}

// Numbered returns the namespace with a number, 0 to 15; ok is false for others.
func Numbered(n int64) (name Name, ok bool) {
	switch {
	case n < 0 || n >= Numbers:
		return Default, false
	case n == 0:
		return Default, true
	default:
		return Name(strconv.FormatInt(n, 10)), true
	}
}

// Number returns the number of a namespace, if it has one.
func (n Name) Number() (number int, ok bool) {
	if n == Default {
		return 0, true
	}
	number, err := strconv.Atoi(string(n))
	return number, err == nil
}

// String returns the name as people write it.
func (n Name) String() string {
	if n == Default {
		return DefaultText
	}
	return string(n)
}

// Label is the name as it stands in messages of the Redis protocol: the number, where there is one.
func (n Name) Label() string {
	if n == Default {
		return "0"
	}
	return string(n)
}

// valid tells whether a text is the one way to write a namespace that is not the default.
func valid(text string) bool {
	if text == "" || text == DefaultText || len(text) > MaxBytes {
		return false
	}
	if text[0] >= '1' && text[0] <= '9' {
		n, err := strconv.Atoi(text)
		return err == nil && n < Numbers && strconv.Itoa(n) == text
	}
	return isLetter(text[0]) && strings.IndexFunc(text, func(c rune) bool { return !isInner(c) }) < 0
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isInner(c rune) bool {
	return c < 0x80 && isLetter(byte(c)) || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
