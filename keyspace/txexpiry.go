package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
)

// opened is the key that a transaction looked at last, and whether it had ended: commands ask several times.
type opened struct {
	is    bool
	space namespace.Name
	key   []byte
	gone  bool
	ends  bool // fields of its hash may have deadlines
}

// open returns the header of a key, and whether the key has ended: then nothing of it shows, and what the
// header says of it concerns only who deletes it.
func (tx *Tx) open(key []byte) (h crdt.Header, gone bool, err error) {
	if k := tx.touched(key); k != nil {
		return k.after, false, nil
	}
	if h, err = tx.cells.header(tx.full(key)); err != nil {
		return h, false, err
	}
	if len(h.Expiry) > 0 {
		gone, err = tx.hasEnded(key, h)
	}
	if err == nil {
		tx.last = opened{true, tx.space, key, gone, fieldsMayEnd(crdt.TypeHash, &h)}
	}
	return h, gone, err
}

// hasEnded is apart from open so that a header without deadlines stays on the stack.
func (tx *Tx) hasEnded(key []byte, h crdt.Header) (bool, error) {
	return h.Gone(tx.Now(), func(t crdt.Type) (bool, error) { return tx.holds(key, t, &h) })
}

// timeUp tells of a key that has ended whether its time has come. Otherwise nothing is left of it that shows: all fields of its
// hash have ended, say.
func (tx *Tx) timeUp(key []byte, h *crdt.Header) (bool, error) {
	t, err := h.Shown(func(t crdt.Type) (bool, error) { return tx.holds(key, t, h) })
	at := h.Until(t)
	return at != crdt.Never && at <= tx.Now(), err
}

// ended tells whether a key has ended, without its header where that was looked at before.
func (tx *Tx) ended(key []byte) (gone bool, err error) {
	switch {
	case tx.touched(key) != nil:
		return false, nil
	case tx.last.is && tx.last.space == tx.space && bytes.Equal(tx.last.key, key):
		return tx.last.gone, nil
	default:
		_, gone, err = tx.open(key)
		return gone, err
	}
}

// Now returns the time of the transaction in Unix milliseconds: it is one time for all of its commands, never
// before that of an earlier transaction, nor before an update that it sees, unless that was from the future.
func (tx *Tx) Now() int64 {
	if tx.now == 0 && tx.hlc == nil {
		return 1 // who counts keys asks no clock: for him nothing has ended
	}
	if tx.now == 0 {
		tx.now = tx.hlc.Look(tx.ahead).WallMillis()
	}
	return tx.now
}

// Until returns the type that a key shows, and when it ends in Unix milliseconds, or crdt.Never.
func (tx *Tx) Until(key []byte) (t crdt.Type, at int64, err error) {
	t, h, err := tx.Type(key)
	if err != nil || t == crdt.TypeNone {
		return t, crdt.Never, err
	}
	return t, h.Until(t), nil
}

// Expire lets a key that exists end at a time in Unix milliseconds; with crdt.Never it does not end. A
// time that has come deletes it.
func (tx *Tx) Expire(key []byte, at int64) error {
	if at != crdt.Never && at <= tx.Now() {
		return tx.Delete(key)
	}
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	k.change.Expiry = k.after.Expire(at)
	tx.apply(k)
	return nil
}

// Rewrite replaces the string at key by another that ends when it would have ended.
func (tx *Tx) Rewrite(key, value []byte) error {
	_, at, err := tx.Until(key)
	if err != nil {
		return err
	}
	if err := tx.Assign(key, value); err != nil || at == crdt.Never {
		return err
	}
	return tx.Expire(key, at)
}

// Reap deletes a key that has ended, and tells whether it had.
func (tx *Tx) Reap(key []byte) (gone bool, err error) {
	if _, gone, err = tx.open(key); err != nil || !gone {
		return false, err
	}
	_, err = tx.touch(key) // deletes what has ended before it writes anything
	return true, err
}

// emptied lets the deadlines go when nothing is left of a key: who creates it again makes a new one.
func (tx *Tx) emptied(key []byte, k *txKey) error {
	if len(k.after.Expiry) == 0 {
		return nil
	}
	holds := tx.holds
	if k.asStored {
		holds = tx.stores
	}
	t, err := k.after.Shown(func(t crdt.Type) (bool, error) { return holds(key, t, &k.after) })
	if err != nil || t != crdt.TypeNone {
		return err
	}
	k.change.Expiry = &crdt.Expiry{None: true}
	tx.apply(k)
	return nil
}
