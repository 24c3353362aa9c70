package respserver

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
)

// is tells whether an argument is a word, in any case. The word is in upper case.
func is(arg []byte, word string) bool {
	return len(arg) == len(word) && string(bytes.ToUpper(arg)) == word
}

// integer reads an argument as Redis does: decimal, no plus sign, no leading zeros, no spaces.
func integer(arg []byte) (int64, error) {
	n, ok := crdt.ParseInt(arg)
	if !ok {
		return 0, errNotInteger
	}
	return n, nil
}
