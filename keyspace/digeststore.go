package keyspace

import (
	"context"
	"errors"
	"time"

	"github.com/atollkv/atoll/clock"
)

// DigestStore computes the digest of a shard in a store that nobody writes to, such as a
// backup: all that a shard there would show, at the vector it would have.
func DigestStore(ctx context.Context, cfg CoreConfig, st Store) (Digest, error) {
	s, err := Open(Config{CoreConfig: cfg}, st, clock.NewHLC(still{}, 0))
	if err != nil {
		return Digest{}, err
	}
	d, err := s.Digest(ctx)
	return d, errors.Join(err, s.closeReads())
}

// still is a clock that stands: a digest depends on no time.
type still struct{}

// Read implements clock.Wall.
func (still) Read() (unixMillis int64, elapsed time.Duration) { return 0, 0 }
