//go:build mistakes

package mistake

// Enabled tells whether this build can plant mistakes.
const Enabled = true

// Has reports whether m is planted.
func (s Set) Has(m Mistake) bool { return s[m/64]&(1<<(m%64)) != 0 }
