package keyspace

import (
	"bytes"
	"errors"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// wishesMax bounds the wishes that wait for the next tick. One that is dropped is written again by whoever
// still needs rights.
const wishesMax = 1024

// wish is what another node asks for.
type wish struct {
	key   []byte
	of    clock.Dot
	owner clock.Origin
	n     int64
}

// noteWishes keeps the wishes of an update of another origin. Each record is applied once, so each wish
// is answered at most once; nothing of that outlives a restart.
func (c *Core) noteWishes(u *crdt.Update, dot clock.Dot) {
	for i := range u.Changes {
		for _, f := range u.Changes[i].Accounts {
			of, owner, account := crdt.SplitAccount(f.Name)
			if !f.Assign || !account || owner != dot.Origin || len(c.wishes) >= wishesMax {
				continue
			}
			n, _ := crdt.ParseAmount(f.Value)
			c.wishes = append(c.wishes, wish{bytes.Clone(u.Changes[i].Key), of, owner, n})
		}
	}
}

// grantWishes answers the wishes that have come, with rights of this node's own, by one record.
func (c *Core) grantWishes() error {
	list := c.wishes
	c.wishes = nil
	switch {
	case len(list) == 0, c.own == nil, c.ends.superseded != nil, c.transfer.pass != nil:
		return nil // no rights, or none that may be given now
	case c.cfg.Ends.Stale != nil && c.cfg.Ends.Stale():
		return nil
	}
	tx := c.begin(true)
	for _, w := range list {
		if err := c.grantWish(tx, w); err != nil {
			return nil // what cannot be read gives nothing; who wishes tries again
		}
	}
	u, written := tx.update()
	if !written {
		return nil
	}
	return c.record(u, tx.write)
}

// grantWish grants what is wished for, or half of what this node has if that is more: who sells much
// does not ask for each piece.
func (c *Core) grantWish(tx *Tx, w wish) error {
	if c.ends.closed[w.owner] != nil {
		return nil
	}
	key := tx.enter(w.key)
	b, found, err := tx.Bounded(key)
	switch {
	case errors.Is(err, ErrWrongType), err == nil && (!found || b.id != w.of || b.Rights <= 0):
		return nil
	case err != nil:
		return err
	}
	return tx.grant(key, b, w.owner, min(b.Rights, max(w.n, b.Rights/2)))
}

func (c *Core) present(region string) (best clock.Origin, ok bool) {
	var removed []crdt.Declaration
	if c.cfg.Ends.Members != nil {
		_, removed = c.cfg.Ends.Members()
	}
	for _, o := range c.origins() {
		d := c.owner(o)
		if o == c.Origin() || d.Region != region || c.ends.closed[o] != nil || slices.Contains(removed, d) {
			continue
		}
		if !ok || c.heads[o].Time > c.heads[best].Time {
			best, ok = o, true
		}
	}
	return best, ok
}

func (c *Core) inherited(o clock.Origin) bool {
	if c.ends.folds.Len() == 0 {
		return false
	}
	pool, folded := c.ends.folds.Get(o)
	return folded && pool == crdt.PoolOf(c.self())
}
