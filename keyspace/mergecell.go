package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// mergeCell merges one cell with what the donor has, at the donor's vector.
func (c *Core) mergeCell(x pair, theirs clock.VersionVector) error {
	if !x.open && bytes.Equal(x.ours, x.theirs) {
		return nil
	}
	if isNote(x.key) {
		return c.mergeNote(x)
	}
	_, key, rest, err := splitKey(x.key)
	if err != nil || len(rest) == 0 {
		return errKey
	}
	v := crdt.Vectors{Ours: joined(c.vv, c.transfer.extras.at(x.key)), Theirs: theirs, Folds: c.knownFolds()}
	if c.cfg.Mistakes.Has(mistake.UnionTransfer) {
		v = crdt.Vectors{}
	}
	c.noteTaking(key)
	switch rest[0] {
	case kindHeader:
		return c.mergeHeader(key, x, v)
	case kindMember:
		return c.mergeMember(key, rest[1:], x, v)
	case kindField, kindScore, kindItem, kindEntry, kindBounded, kindSketch, kindGroup:
		return c.mergeField(key, fieldType(rest[0]), rest[1:], x, v)
	default:
		return nil // counts and indexes are local
	}
}

func (c *Core) mergeHeader(key []byte, x pair, v crdt.Vectors) error {
	ours, err := c.ourHeader(key, x)
	if err != nil {
		return err
	}
	var o crdt.Header
	if x.theirs != nil {
		if o, err = crdt.DecodeHeader(x.theirs); err != nil {
			return err
		}
	}
	merged := ours.Canonical(c.knowledgeAt(v)).Merge(o, v)
	merged.Hidden = ours.Hidden
	c.lost(key, crdt.TypeString, nil, &ours.Register, &merged.Register)
	if x.ours != nil && bytes.Equal(merged.Append(nil), x.ours) && !x.open {
		return nil
	}
	c.putHeader(key, c.dueAt(&ours), merged)
	c.forgetEndsFrom(key, fieldsMayEnd(crdt.TypeHash, &ours), &merged)
	c.queueSweep(key, &merged)
	return nil
}

// knowledgeAt is what our side's canonical form depends on in a merge.
func (c *Core) knowledgeAt(v crdt.Vectors) crdt.Knowledge {
	return crdt.Knowledge{Seen: c.Seen, Folded: v.Folds.At(v.Ours)}
}

// ourHeader decodes our side of a pair.
func (c *Core) ourHeader(key []byte, x pair) (crdt.Header, error) {
	switch {
	case x.open:
		return c.batch.header(key)
	case x.ours == nil:
		return crdt.Header{}, nil
	default:
		return decodeHeader(key, x.ours)
	}
}

func (c *Core) ourMember(key, name []byte, x pair) (crdt.Member, error) {
	switch {
	case x.open:
		return c.batch.member(key, name)
	case x.ours == nil:
		return crdt.Member{}, nil
	default:
		return decodeMember(key, x.ours)
	}
}

func (c *Core) mergeMember(key, name []byte, x pair, v crdt.Vectors) error {
	h, err := c.batch.header(key)
	if err != nil {
		return err
	}
	ours, err := c.ourMember(key, name, x)
	if err != nil {
		return err
	}
	var o crdt.Member
	if x.theirs != nil {
		if o, err = crdt.DecodeMember(x.theirs); err != nil {
			return err
		}
	}
	ours.Hide(h.Hidden)
	merged := ours.Merge(o, v)
	c.batch.putMember(key, name, merged)
	return c.recountMerged(crdt.TypeSet, key, name, ours.Live(), merged.Live())
}

// recountMerged counts an element that was merged.
func (c *Core) recountMerged(t crdt.Type, key, name []byte, was, is bool) error {
	n, err := c.batch.loadCount(key, t)
	if err != nil {
		return err
	}
	n.change(was, is)
	c.sweep.note(t, key, name, was, is)
	c.batch.putCount(key, t, n)
	return nil
}

func (c *Core) ourField(key []byte, t crdt.Type, name []byte, hidden clock.VersionVector, x pair) (f crdt.Field, err error) {
	switch {
	case x.open:
		return c.batch.field(key, t, name, hidden)
	case x.ours != nil:
		if f, err = decodeField(key, t, x.ours); len(f.Expiry) > 0 {
			c.batch.noteEnd(x.key, f)
		}
	}
	f.Hide(hidden)
	return f, err
}

func (c *Core) mergeField(key []byte, t crdt.Type, name []byte, x pair, v crdt.Vectors) error {
	h, err := c.batch.header(key)
	if err != nil {
		return err
	}
	ours, err := c.ourField(key, t, name, h.Hidden, x)
	if err != nil {
		return err
	}
	var o crdt.Field
	if x.theirs != nil {
		if o, err = decodeField(key, t, x.theirs); err != nil {
			return err
		}
	}
	merged := ours.Canonical(c.knowledgeAt(v)).Merge(o, v)
	c.lostField(key, t, name, &ours, &merged)
	var before map[string]*ReaderGroup
	if t == crdt.TypeGroups {
		if before, err = c.cursorsOf(key, [][]byte{name}, &h); err != nil {
			return err
		}
	}
	c.putField(key, t, name, merged)
	if err := c.noteMergedLate(key, t, name, before, &merged, &h, !ours.Live()); err != nil {
		return err
	}
	return c.recountMerged(t, key, name, ours.Live(), merged.Live())
}
