package words

import (
	"bytes"
	"errors"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       []string
		err        error
	}{
		{"no word at all", " \t ", nil, nil},
		{"words between blanks", "  set  k\tv \r", []string{"set", "k", "v"}, nil},
		{"double quotes hold blanks", `set k "a b"`, []string{"set", "k", "a b"}, nil},
		{"an empty word is a word", `set k ""`, []string{"set", "k", ""}, nil},
		{"escapes in double quotes", `"\n\r\t\b\a\\\"\q"`, []string{"\n\r\t\b\a\\\"q"}, nil},
		{"bytes in hexadecimal", `"\x00\xfF\x4"`, []string{"\x00\xffx4"}, nil},
		{"single quotes take all but their own escape", `'a\n"\'b'`, []string{`a\n"'b`}, nil},
		{"a quote may begin inside a word", `ab"c d"`, []string{"abc d"}, nil},
		{"a backslash outside quotes is itself", `a\nb`, []string{`a\nb`}, nil},
		{"text that is not ASCII", `"größe" ∞`, []string{"größe", "∞"}, nil},
		{"a zero byte ends a word", "a\x00b \x00c", []string{"a", "b", "", "c"}, nil},
		{"a form feed is in a word, and is a blank between words", "a\fb \fc", []string{"a\fb", "c"}, nil},
		{"a double quote stays open", `set k "a`, nil, ErrUnbalanced},
		{"an escaped quote does not close", `"a\"`, nil, ErrUnbalanced},
		{"a single quote stays open", `'a`, nil, ErrUnbalanced},
		{"a letter behind a closing quote", `"a"b`, nil, ErrGlued},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Split([]byte(c.line))
			if !errors.Is(err, c.err) || len(got) != len(c.want) {
				t.Fatalf("Split(%q) = %q, %v; want %q, %v", c.line, got, err, c.want, c.err)
			}
			for i := range got {
				if string(got[i]) != c.want[i] {
					t.Errorf("word %d is %q, want %q", i, got[i], c.want[i])
				}
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct{ value, quoted, word string }{
		{"plain", `"plain"`, "plain"},
		{"", `""`, `""`},
		{"two words", `"two words"`, `"two words"`},
		{"größe", `"größe"`, "größe"},
		{"\x00\xff\n\"\\", `"\x00\xff\n\"\\"`, `"\x00\xff\n\"\\"`},
		{"it's", `"it's"`, `"it's"`},
		{"\u202e", `"\xe2\x80\xae"`, `"\xe2\x80\xae"`},
	} {
		if got := string(Quote(nil, []byte(c.value))); got != c.quoted {
			t.Errorf("Quote(%q) = %s, want %s", c.value, got, c.quoted)
		}
		if got := string(Word(nil, []byte(c.value))); got != c.word {
			t.Errorf("Word(%q) = %s, want %s", c.value, got, c.word)
		}
	}
}

// FuzzQuoteIsReadBack checks the law of the package: what Quote and Word write, Split reads.
func FuzzQuoteIsReadBack(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "\x00\xff", "\xe2\x80", "\"'\\x41", "\u202e\ufffd"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		line := Word(append(Quote(nil, value), ' '), value)
		got, err := Split(line)
		if err != nil || len(got) != 2 || !bytes.Equal(got[0], value) || !bytes.Equal(got[1], value) {
			t.Fatalf("Split(%s) = %q, %v; want %q twice", line, got, err, value)
		}
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("%q holds a line break", line)
		}
	})
}
