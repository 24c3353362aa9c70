package node

import "github.com/atollkv/atoll/internal/suggest"

// didYouMean returns `; did you mean "x"?` for the nearest of known, or nothing when none is near.
func didYouMean(word string, known []string) string {
	return suggest.DidYouMean(word, known, max(2, len(word)/3))
}
