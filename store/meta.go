package store

import "fmt"

// Meta returns what SetMeta stored under name, or nil.
func (db *DB) Meta(name string) ([]byte, error) { return db.Get(metaKey(name)) }

// SetMeta stores value under name; nil deletes. It is durable on return, whatever the
// fsync setting.
func (db *DB) SetMeta(name string, value []byte) error {
	b := db.pebble.NewBatch()
	var err error
	if value == nil {
		err = b.Delete(metaKey(name), nil)
	} else {
		err = b.Set(metaKey(name), value, nil)
	}
	if err != nil {
		return fmt.Errorf("set meta %q: %w", name, err)
	}
	w, err := db.writeSync(b)
	if err == nil {
		err = w.Durable()
	}
	if err != nil {
		return fmt.Errorf("set meta %q: %w", name, err)
	}
	return nil
}
