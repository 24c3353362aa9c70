package respserver

import (
	"fmt"
	"math/bits"
	"sync/atomic"
	"time"
)

// latencyBuckets is how many powers of two of a duration are told apart; the last one holds all above.
const latencyBuckets = 32

// commandStats count one command over all connections.
type commandStats struct {
	calls, micros, rejected, failed atomic.Int64
	buckets                         [latencyBuckets]atomic.Int64 // calls by duration
}

// newCommandStats makes one for every row of the table. Nothing is added later: names of clients have no
// place in it.
func newCommandStats() map[string]*commandStats {
	all := map[string]*commandStats{}
	for _, r := range rows {
		if r.run != nil || r.parse != nil {
			all[r.name] = &commandStats{}
		}
		for _, s := range r.subs {
			all[s.name] = &commandStats{}
		}
	}
	return all
}

// count adds one call, or one that was refused before it ran.
func (s *commandStats) count(took time.Duration, rejected, failed bool) {
	if rejected {
		s.rejected.Add(1)
		return
	}
	if failed {
		s.failed.Add(1)
	}
	s.calls.Add(1)
	s.micros.Add(took.Microseconds())
	s.buckets[bucketOf(took)].Add(1)
}

// bucketOf returns the bucket of a duration: those of up to 1024 ns, up to 2048 ns and so on.
func bucketOf(took time.Duration) int {
	return min(bits.Len64(uint64(max(took-1, 0))>>10), latencyBuckets-1)
}

// bucketMicros is the end of a bucket as Redis names it.
func bucketMicros(bucket int) int64 { return int64(1024<<bucket) / 1000 }

func (s *commandStats) reset() {
	for _, n := range []*atomic.Int64{&s.calls, &s.micros, &s.rejected, &s.failed} {
		n.Store(0)
	}
	for i := range s.buckets {
		s.buckets[i].Store(0)
	}
}

// line is what INFO commandstats says of it, "" for one that was never called.
func (s *commandStats) line() string {
	calls, micros, rejected := s.calls.Load(), s.micros.Load(), s.rejected.Load()
	if calls+rejected == 0 {
		return ""
	}
	return fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
		calls, micros, float64(micros)/float64(max(calls, 1)), rejected, s.failed.Load())
}
