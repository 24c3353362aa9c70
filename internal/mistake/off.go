//go:build !mistakes

package mistake

// Enabled tells whether this build can plant mistakes.
const Enabled = false

// Has reports whether m is planted: never in this build.
func (Set) Has(Mistake) bool { return false }
