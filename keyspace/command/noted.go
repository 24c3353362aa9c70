package command

import "github.com/atollkv/atoll/keyspace"

// noted ends a command that has changed a key, if it has not failed: see keyspace.Tx.Notify.
func noted(tx *keyspace.Tx, err error, class keyspace.Class, event string, key []byte) error {
	if err == nil {
		tx.Notify(class, event, key)
	}
	return err
}

// notedIf is noted where something was changed.
func notedIf(changed bool, tx *keyspace.Tx, class keyspace.Class, event string, key []byte) {
	if changed {
		tx.Notify(class, event, key)
	}
}

// notedStore notes that a command has put a collection of n elements in the place of what a key held.
func notedStore(n int, tx *keyspace.Tx, class keyspace.Class, event string, key []byte) {
	if n == 0 {
		class, event = keyspace.ClassGeneric, "del"
	}
	tx.Notify(class, event, key)
}
