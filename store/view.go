package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// source is what a pebble.DB and a pebble.Snapshot have in common.
type source interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(*pebble.IterOptions) (*pebble.Iterator, error)
}

// Get implements Reader on the latest applied state, durable or not.
func (db *DB) Get(key []byte) ([]byte, error) { return get(db.pebble, key) }

// Iterate implements Reader on the latest applied state, durable or not.
func (db *DB) Iterate(lo, hi []byte) (Iterator, error) { return iterate(db.pebble, lo, hi) }

// View returns the latest applied state, durable or not, as it is now.
func (db *DB) View() View { return &view{db.pebble.NewSnapshot()} }

type view struct{ snapshot *pebble.Snapshot }

func (v *view) Get(key []byte) ([]byte, error)          { return get(v.snapshot, key) }
func (v *view) Iterate(lo, hi []byte) (Iterator, error) { return iterate(v.snapshot, lo, hi) }
func (v *view) Close() error                            { return v.snapshot.Close() }

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
	return it, nil
}
