package glob

// Match tells whether a pattern matches a text as in Redis: * is any bytes, ? any one, [a-c] one of
// some, [^a] none of them, and \ takes the next byte as it is. It takes time in the product of the
// lengths at most: after a mismatch it goes back to the last * only.
func Match(pattern, text []byte) bool {
	var star, mark []byte // behind the last *, and where the text stood then
	starred := false
	for len(text) > 0 || len(pattern) > 0 {
		if len(pattern) > 0 && pattern[0] == '*' {
			pattern = pattern[1:]
			star, mark, starred = pattern, text, true
			continue
		}
		if len(text) > 0 && len(pattern) > 0 {
			if size, ok := matchOne(pattern, text[0]); ok {
				pattern, text = pattern[size:], text[1:]
				continue
			}
		}
		if !starred || len(mark) == 0 {
			return false
		}
		mark = mark[1:]
		pattern, text = star, mark
	}
	return true
}

// matchOne tells whether the first element of a pattern matches a byte, and the element's length.
func matchOne(pattern []byte, c byte) (size int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchClass(pattern, c)
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	}
	return 1, pattern[0] == c
}

// matchClass is matchOne for [...]. One that is not closed goes on to the end.
func matchClass(pattern []byte, c byte) (size int, ok bool) {
	i := 1
	not := i < len(pattern) && pattern[i] == '^'
	if not {
		i++
	}
	for ; i < len(pattern) && pattern[i] != ']'; i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			ok = ok || pattern[i] == c
		case i+2 < len(pattern) && pattern[i+1] == '-':
			lo, hi := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			ok = ok || lo <= c && c <= hi
			i += 2
		default:
			ok = ok || pattern[i] == c
		}
	}
	return min(i+1, len(pattern)), ok != not
}

// Prefix is what every text that a pattern matches begins with.
func Prefix(pattern []byte) []byte {
	for i, c := range pattern {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			return pattern[:i]
		}
	}
	return pattern
}
