package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// origins tells a transaction who the writers are. Core implements it.
type origins interface {
	// present returns the origin that the region's nodes write with, not this one's own.
	present(region string) (clock.Origin, bool)
	// inherited tells whether an origin was an earlier incarnation of this node, and is folded: everybody
	// has seen it to the same end.
	inherited(o clock.Origin) bool
	// attempted returns what is known of an operation with an id.
	attempted(of crdt.Counted, once *crdt.Once) (crdt.OnceNote, error)
	// crowded tells that no more retries can be noted.
	crowded() bool
}

// Bounded is a bounded counter as this replica sees it.
type Bounded struct {
	id    clock.Dot
	Bound int64
	// Value is never below Bound. It saturates at 64 bits.
	Value int64
	// Rights is what this node may spend; in a read it is 0.
	Rights int64
}

// Account is what one incarnation of a node may spend.
type Account struct {
	Region, Node string
	Origin       clock.Origin
	Rights       int64
}

// wishEvery is how long a wish stands before the same node writes it again, in milliseconds.
const wishEvery = 1000

// defined tells whether the bounded counter at key has a definition, in any type shown, ended or not.
func (tx *Tx) defined(key []byte, h *crdt.Header) (bool, error) {
	if k := tx.touched(key); k != nil {
		if f := k.accounts.byName[string(crdt.BoundName())]; f != nil {
			return f.after.Live(), nil
		}
	}
	f, err := tx.cells.field(tx.full(key), crdt.TypeBounded, crdt.BoundName(), h.Hidden)
	return f.Live(), err
}

// Bounded returns the bounded counter at key; found is false when there is nothing. The error is
// ErrWrongType when the key shows another type.
func (tx *Tx) Bounded(key []byte) (b Bounded, found bool, err error) {
	if _, found, err = tx.Expect(key, crdt.TypeBounded); err != nil || !found {
		return b, false, err
	}
	f, err := tx.field(key, crdt.TypeBounded, crdt.BoundName())
	if err != nil {
		return b, false, err
	}
	shown, found := f.Register.Shown()
	b.id = shown.Dot
	b.Bound, _ = crdt.ParseAmount(shown.Value)
	sum := crdt.TotalOf(b.Bound)
	err = tx.eachAccount(key, b.id, func(owner clock.Origin, f *crdt.Field) bool {
		rights := f.Counter.Sum()
		sum = sum.Add(rights)
		if tx.write != nil && owner == tx.write.tag.Dot.Origin {
			b.Rights, _ = rights.Int64()
		}
		return true
	})
	b.Value, _ = sum.Int64()
	if tx.write != nil && tx.write.anyRights {
		b.Rights = b.Value - b.Bound
	}
	return b, found, err
}

func (tx *Tx) eachAccount(key []byte, of clock.Dot, fn func(owner clock.Origin, f *crdt.Field) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	prefix := crdt.AccountsOf(of)
	return tx.eachField(key, crdt.TypeBounded, prefix, &h, func(name []byte, f *crdt.Field) bool {
		_, owner, _ := crdt.SplitAccount(name)
		return bytes.HasPrefix(name, prefix) && fn(owner, f)
	})
}

// Accounts returns who may spend what of the bounded counter b at key, ascending by origin.
func (tx *Tx) Accounts(key []byte, b Bounded) (list []Account, err error) {
	err = tx.eachAccount(key, b.id, func(owner clock.Origin, f *crdt.Field) bool {
		rights, _ := f.Counter.Sum().Int64()
		list = append(list, Account{Origin: owner, Rights: rights})
		return true
	})
	for i := 0; i < len(list) && err == nil; i++ {
		var d crdt.Declaration
		d, err = tx.Declared(list[i].Origin)
		list[i].Region, list[i].Node = d.Region, d.Node
	}
	return list, err
}

// CreateBounded puts a bounded counter at key, in place of everything that is there. All rights are this
// node's.
func (tx *Tx) CreateBounded(key []byte, bound, value int64) error {
	if err := tx.Delete(key); err != nil {
		return err
	}
	err := tx.changeField(key, crdt.TypeBounded, crdt.BoundName(), func(f *txField) {
		f.edit = f.before.Assignment(crdt.AppendAmount(nil, bound))
	})
	if err != nil {
		return err
	}
	rights := crdt.TotalOf(value).Sub(crdt.TotalOf(bound))
	return tx.addRights(key, tx.write.tag.Dot, tx.write.tag.Dot.Origin, rights)
}

// AddRights adds to what this node may spend of the bounded counter b at key: new rights, or less by what
// is spent, at most b.Rights.
func (tx *Tx) AddRights(key []byte, b Bounded, delta int64) error {
	return tx.addRights(key, b.id, tx.write.tag.Dot.Origin, crdt.TotalOf(delta))
}

func (tx *Tx) addRights(key []byte, of clock.Dot, owner clock.Origin, delta crdt.Total) error {
	return tx.changeField(key, crdt.TypeBounded, crdt.AccountName(of, owner), func(f *txField) {
		f.edit.Add(&f.after.Counter, delta, tx.write.tag)
	})
}

// Grant moves rights of this node, at most b.Rights, to a node of another region: one that has written
// last. done is false when none has.
func (tx *Tx) Grant(key []byte, b Bounded, region string, n int64) (done bool, err error) {
	to, ok := tx.write.origins.present(region)
	if !ok {
		return false, nil
	}
	return true, tx.grant(key, b, to, n)
}

func (tx *Tx) grant(key []byte, b Bounded, to clock.Origin, n int64) error {
	if err := tx.AddRights(key, b, -n); err != nil {
		return err
	}
	return tx.addRights(key, b.id, to, crdt.TotalOf(n))
}

// Wish asks the other nodes for n rights: whoever has some grants them once the wish has reached it. A
// wish for as many that is not a second old stands.
func (tx *Tx) Wish(key []byte, b Bounded, n int64) error {
	name := crdt.AccountName(b.id, tx.write.tag.Dot.Origin)
	f, err := tx.field(key, crdt.TypeBounded, name)
	if err != nil {
		return err
	}
	if last, ok := f.Register.Shown(); ok {
		wished, _ := crdt.ParseAmount(last.Value)
		if wished >= n && tx.write.tag.Time.WallMillis()-last.Time.WallMillis() < wishEvery {
			return nil
		}
	}
	return tx.changeField(key, crdt.TypeBounded, name, func(f *txField) {
		f.edit.Assign, f.edit.Value = true, crdt.AppendAmount(nil, n)
	})
}

// Reclaim moves to this node what its earlier incarnations have left of the bounded counter b at key, and
// returns how much that was. It is safe only where this node's data directory was never replaced by an
// older copy since: what such an incarnation spent and told nobody would be spent again.
func (tx *Tx) Reclaim(key []byte, b Bounded) (n int64, err error) {
	var from []clock.Origin
	sum := crdt.Total{}
	err = tx.eachAccount(key, b.id, func(owner clock.Origin, f *crdt.Field) bool {
		if tx.write.origins.inherited(owner) {
			from, sum = append(from, owner), sum.Add(f.Counter.Sum())
		}
		return true
	})
	if err != nil || len(from) == 0 {
		return 0, err
	}
	for _, o := range from {
		err := tx.changeField(key, crdt.TypeBounded, crdt.AccountName(b.id, o), func(f *txField) { f.edit = f.before.Deletion() })
		if err != nil {
			return 0, err
		}
	}
	n, _ = sum.Int64()
	return n, tx.AddRights(key, b, n)
}

// RepeatAccounts does again what an update of another origin did to accounts of the bounded counter at
// key. A wish is not repeated, nor what concerns another bounded counter than the present one.
func (tx *Tx) RepeatAccounts(key []byte, b Bounded, list []crdt.FieldChange) error {
	for i := range list {
		of, owner, ok := crdt.SplitAccount(list[i].Name)
		if !ok || of != b.id || list[i].Increment == nil {
			continue
		}
		if err := tx.addRights(key, of, owner, list[i].Increment.Delta); err != nil {
			return err
		}
	}
	return nil
}
