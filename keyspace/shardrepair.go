package keyspace

import (
	"context"
	"fmt"
)

// Repair replaces cells of this shard, and of no other: it makes no record. A fix counts
// only while its slot is as it was in the state that at holds; otherwise its error is
// ErrMoved. All fixes of a slot belong into one call. It returns when the repair is
// acknowledged, with an error for each fix, nil for those that were made.
func (s *Shard) Repair(ctx context.Context, at *Pinned, fixes []Fix) (results []error, err error) {
	if len(fixes) > maxFixes {
		return nil, fmt.Errorf("%w: %d fixes, limit %d", ErrMalformed, len(fixes), maxFixes)
	}
	if err := s.control(ctx, func(c *Core) { results = c.Repair(at.state.number, fixes) }); err != nil {
		return nil, err // the loop may still be at it
	}
	return results, nil
}
