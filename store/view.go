package store

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// source is what a pebble.DB and a pebble.Snapshot have in common.
type source interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(*pebble.IterOptions) (*pebble.Iterator, error)
}

// Get implements Reader on the latest applied state, durable or not.
func (db *DB) Get(key []byte) ([]byte, error) {
	if bad := db.damaged.holds(key); bad != nil {
		return nil, bad
	}
	return get(db.pebble, key)
}

// Iterate implements Reader on the latest applied state, durable or not.
func (db *DB) Iterate(lo, hi []byte) (Iterator, error) {
	it, err := iterate(db.pebble, lo, hi)
	if err != nil {
		return nil, err
	}
	return db.damaged.blocked(it, lo, hi), nil
}

// View returns the latest applied state, durable or not, as it is now.
func (db *DB) View() View {
	v := &view{db: db, snapshot: db.pebble.NewSnapshot()}
	db.views.add(v)
	return v
}

type view struct {
	db       *DB
	snapshot *pebble.Snapshot
	replaced damaged // ranges that were replaced under the view
}

// Get looks for damage afterwards: a range that is replaced vanishes from older views.
func (v *view) Get(key []byte) ([]byte, error) {
	value, err := get(v.snapshot, key)
	for _, d := range []*damaged{v.db.damaged, &v.replaced} {
		if bad := d.holds(key); bad != nil {
			return nil, bad
		}
	}
	return value, err
}

func (v *view) Iterate(lo, hi []byte) (Iterator, error) {
	it, err := iterate(v.snapshot, lo, hi)
	if err != nil {
		return nil, err
	}
	// An open iterator keeps what it sees.
	return v.replaced.blocked(v.db.damaged.blocked(it, lo, hi), lo, hi), nil
}

func (v *view) Close() error {
	v.db.views.remove(v)
	return v.snapshot.Close()
}

// views knows the views that are open.
type views struct {
	mu   sync.Mutex
	open map[*view]struct{} // guarded by mu
}

func (s *views) add(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*view]struct{}{}
	}
	s.open[v] = struct{}{}
}

func (s *views) remove(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, v)
}

// replace tells the open views that a range is about to be replaced.
func (s *views) replace(lo, hi []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.open {
		v.replaced.block(Damage{Offset: -1, Lo: lo, Hi: hi, Cause: "the range was replaced meanwhile"})
	}
}

func get(s source, key []byte) ([]byte, error) {
	value, closer, err := s.Get(key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get %x: %w", key, explain(err))
	}
	// An empty value is present: it must not become nil.
	return append(make([]byte, 0, len(value)), value...), closer.Close()
}

func iterate(s source, lo, hi []byte) (Iterator, error) {
	it, err := s.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return nil, fmt.Errorf("iterate: %w", explain(err))
	}
	return explained{it}, nil
}

// explained adds the file and the offset to errors of damage.
type explained struct{ *pebble.Iterator }

func (e explained) Error() error { return explain(e.Iterator.Error()) }
