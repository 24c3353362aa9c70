package words

import (
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Quote appends value in double quotes to dst. Printable text stays readable; every other byte is
// written as an escape that [Split] reads back.
func Quote(dst, value []byte) []byte {
	dst = append(dst, '"')
	for len(value) > 0 {
		r, width := utf8.DecodeRune(value)
		switch {
		case value[0] == '"' || value[0] == '\\':
			dst = append(dst, '\\', value[0])
		case r != utf8.RuneError && unicode.IsPrint(r):
			dst = append(dst, value[:width]...)
		default:
			for _, b := range value[:width] {
				dst = appendEscape(dst, b)
			}
		}
		value = value[width:]
	}
	return append(dst, '"')
}

// Word appends value to dst as it stands when it is one plain word, and quoted otherwise.
func Word(dst, value []byte) []byte {
	if plain(value) {
		return append(dst, value...)
	}
	return Quote(dst, value)
}

func plain(value []byte) bool {
	if len(value) == 0 || !utf8.Valid(value) {
		return false
	}
	for _, r := range string(value) {
		if r == '"' || r == '\'' || r == '\\' || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\a':
		return append(dst, '\\', 'a')
	}
	return append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
}
