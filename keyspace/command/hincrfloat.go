package command

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HIncrFloat is IncrFloat of a field of a hash. Reply: Value. Errors: ErrWrongType,
// ErrFieldNotFloat, ErrInfinite. https://redis.io/commands/hincrbyfloat
type HIncrFloat struct {
	Key, Field []byte
	Delta      crdt.Total
}

// Name implements keyspace.Command.
func (HIncrFloat) Name() string { return "HINCRBYFLOAT" }

// Keys implements keyspace.Command.
func (c HIncrFloat) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HIncrFloat) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HIncrFloat) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err != nil {
		return r, err
	}
	rewrite, value, err := addFloat(&f, c.Delta)
	if errors.Is(err, ErrNotFloat) {
		err = ErrFieldNotFloat
	}
	if err != nil {
		return r, err
	}
	if rewrite != nil {
		if err := tx.RewriteField(c.Key, c.Field, rewrite); err != nil {
			return r, err
		}
	}
	r.Value, r.Found = value, true
	return r, noted(tx, tx.IncrementField(c.Key, c.Field, c.Delta), keyspace.ClassHash, "hincrbyfloat", c.Key)
}
