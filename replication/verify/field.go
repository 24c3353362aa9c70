package verify

import "math/bits"

// prime is 2^61-1. Sketches are sums in the field of that size.
const prime = 1<<61 - 1

func add(a, b uint64) uint64 {
	if a += b; a >= prime {
		a -= prime
	}
	return a
}

func sub(a, b uint64) uint64 {
	if a < b {
		a += prime
	}
	return a - b
}

func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return add(lo&prime, hi<<3|lo>>61)
}

// inverse returns 1/a for a ≠ 0: a^(p-2) by Fermat.
func inverse(a uint64) uint64 {
	out := uint64(1)
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			out = mul(out, a)
		}
		a = mul(a, a)
	}
	return out
}

// mix spreads the bits of x (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// element maps a hash to the field, zero excluded: zero stands for "absent".
func element(x uint64) uint64 { return x%(prime-1) + 1 }
