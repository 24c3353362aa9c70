// Package glob answers: does a text match a pattern as Redis writes them?
//
// Usage: Match tells for one text; Prefix says what all that match begin with, so that only those need be looked at.
// Its time is bounded by the product of the lengths, whatever the pattern. It keeps nothing.
package glob
