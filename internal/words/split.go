package words

import "errors"

var (
	// ErrUnbalanced is returned for a quote that is never closed.
	ErrUnbalanced = errors.New("a quote is not closed")
	// ErrGlued is returned when something other than a blank follows a closing quote.
	ErrGlued = errors.New("a closing quote must be followed by a blank")
)

// Split cuts a line into its words. The words do not share memory with line.
func Split(line []byte) ([][]byte, error) {
	var out [][]byte
	for i := 0; ; {
		for i < len(line) && blank(line[i]) {
			i++
		}
		if i == len(line) {
			return out, nil
		}
		word, next, err := one(line, i)
		if err != nil {
			return nil, err
		}
		out = append(out, word)
		i = next
	}
}

// one reads the word that begins at i and returns the index behind it and what ends it. As in Redis a
// quote may begin in the middle of a word.
func one(line []byte, i int) (word []byte, next int, err error) {
	word = []byte{}
	for i < len(line) {
		quote := line[i]
		if ends(quote) {
			return word, i + 1, nil
		}
		if quote != '"' && quote != '\'' {
			word = append(word, quote)
			i++
			continue
		}
		word, i, err = quoted(word, line, i+1, quote)
		if err != nil {
			return nil, 0, err
		}
		if i < len(line) && !blank(line[i]) {
			return nil, 0, ErrGlued
		}
		return word, i, nil
	}
	return word, i, nil
}

// quoted appends what stands between quotes, from i on, and returns the index behind the closing one.
func quoted(word, line []byte, i int, quote byte) ([]byte, int, error) {
	for i < len(line) {
		c := line[i]
		switch {
		case c == quote:
			return word, i + 1, nil
		case c == '\\' && i+1 < len(line) && quote == '"':
			b, width := escape(line[i+1:])
			word = append(word, b)
			i += 1 + width
		case c == '\\' && i+1 < len(line) && line[i+1] == '\'':
			word = append(word, '\'')
			i += 2
		default:
			word = append(word, c)
			i++
		}
	}
	return nil, 0, ErrUnbalanced
}

// escape returns the byte that an escape stands for, and the width of the escape after its backslash.
func escape(rest []byte) (b byte, width int) {
	if rest[0] == 'x' && len(rest) >= 3 {
		hi, okHi := nibble(rest[1])
		lo, okLo := nibble(rest[2])
		if okHi && okLo {
			return hi<<4 | lo, 3
		}
	}
	switch rest[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	}
	return rest[0], 1
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// ends tells the bytes that end a word outside quotes: as in Redis, not all blanks do, and zero does.
func ends(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 }

func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}
