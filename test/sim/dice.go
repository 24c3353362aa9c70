package sim

import "time"

// purpose says what a decision is about.
type purpose int

const (
	forTie purpose = iota
	forTick
	forDelay
	forLoss
	forSync
	forBatch
	forTrim
	forDial
	forCrash
	forOrigin
	forDuplicate
	forDigest
	forTamper
	forTransfer
	forChunk
	forWrite
	forReplay
	forFlip
	forHeal
)

// dice decides one thing. It depends on the seed, what the decision is about, whom it
// concerns and when, and on nothing that happened before: when a step is left out of a
// run, whatever has nothing to do with it goes on as it did. Only so can a failing run
// be made shorter.
type dice uint64

// next is SplitMix64 (Steele et al., "Fast Splittable Pseudorandom Number Generators",
// 2014).
func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func diceOf(parts ...uint64) *dice {
	var d dice
	for _, p := range parts {
		d = dice(mix(uint64(d)^p) + 0x9e3779b97f4a7c15)
	}
	return &d
}

// n draws from [0, k).
func (d *dice) n(k int) int { return int(d.next() % uint64(k)) }

// between draws a duration from [lo, hi).
func (d *dice) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(d.next()%uint64(hi-lo))
}

// chance is true in p of 100 cases.
func (d *dice) chance(p int) bool { return d.n(100) < p }

// pick draws one of list.
func pick[T any](d *dice, list ...T) T { return list[d.n(len(list))] }
