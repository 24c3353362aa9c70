package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XGroupDelConsumer deletes a consumer of a group in this region; what is pending with it goes, too. Reply: Int, how
// many entries that were. https://redis.io/commands/xgroup-delconsumer
type XGroupDelConsumer struct {
	GroupOf
	Consumer []byte
}

// Name implements keyspace.Command.
func (XGroupDelConsumer) Name() string { return "XGROUP|DELCONSUMER" }

// Keys implements keyspace.Command.
func (c XGroupDelConsumer) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupDelConsumer) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupDelConsumer) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, err := c.find(tx); err != nil {
		return r, err
	}
	var names [][]byte
	err = tx.EachPending(c.Key, tx.Region(), c.Group, crdt.StreamID{}, func(p *keyspace.PendingEntry) bool {
		if bytes.Equal(p.Consumer, c.Consumer) {
			names = append(names, bytes.Clone(p.Entry))
		}
		return true
	})
	if err != nil {
		return r, err
	}
	had, err := tx.HasConsumer(c.Key, c.Group, c.Consumer)
	if err != nil || !had && len(names) == 0 {
		return r, err
	}
	if err := tx.TakeBackAll(c.Key, c.Group, names); err != nil {
		return r, err
	}
	r.Int = int64(len(names))
	return r, noted(tx, tx.DropConsumer(c.Key, c.Group, c.Consumer), keyspace.ClassStream, "xgroup-delconsumer", c.Key)
}
