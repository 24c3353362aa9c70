package main

import (
	"fmt"

	"github.com/atollkv/atoll/internal/suggest"
)

// synonyms are words of other tools for what has another name here.
var synonyms = map[string]string{
	"delete": "del", "rm": "del", "put": "set", "ls": "scan",
	"verify": "converged", "?": "help",
}

// didYouMean returns `; did you mean "x"?` for the nearest of known, or nothing when none is near.
func didYouMean(word string, known []string) string {
	if s, ok := synonyms[word]; ok {
		for _, k := range known {
			if k == s {
				return fmt.Sprintf("; did you mean %q?", s)
			}
		}
	}
	return suggest.DidYouMean(word, known, max(1, min(len(word)-1, 2)))
}
