package command

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// Reissue returns the commands that do again what an update did, as a client would: a value is set,
// what was added is added, members and fields are put and taken.
// A bounded counter is not created again: what its creator took of it would be there anew. What the writer had seen is not known here, so a
// deletion takes what is here now.
func Reissue(u *crdt.Update) (cmds []keyspace.Command) {
	for i := range u.Changes {
		c := u.Changes[i]
		space, key := namespace.Split(c.Key)
		c.Key = key
		for _, cmd := range reissueOnce(u.Once, reissueChange(&c)) {
			cmds = append(cmds, keyspace.InNamespace(space, cmd))
		}
	}
	return cmds
}

// reissueOnce leaves the operation its id, if it has one: another region may have been asked for it again. Then only the
// increment is done again.
func reissueOnce(once *crdt.Once, cmds []keyspace.Command) []keyspace.Command {
	if once == nil {
		return cmds
	}
	for _, cmd := range cmds {
		if do, ok := cmd.(Counting); ok {
			return []keyspace.Command{Once{ID: once.ID, Retry: true, Do: do}}
		}
	}
	return nil
}

// reissueChange is Reissue of the change of one key, by its name in its namespace.
func reissueChange(c *crdt.Change) (cmds []keyspace.Command) {
	if createsBounded(c) {
		return nil // its rights are with whoever created it
	}
	if c.Clear && !c.Assign {
		cmds = append(cmds, Delete{List: [][]byte{c.Key}})
	}
	if c.Assign {
		cmds = append(cmds, Set{Key: c.Key, Value: c.Value, Life: reissueLife(c)})
	}
	if c.Increment != nil {
		cmds = append(cmds, reissueIncrement(c)...)
	}
	if len(c.Removes) > 0 {
		cmds = append(cmds, SRem{Key: c.Key, Members: c.Removes})
	}
	if len(c.Adds) > 0 {
		cmds = append(cmds, SAdd{Key: c.Key, Members: c.Adds})
	}
	cmds = append(cmds, reissueFields(c)...)
	cmds = append(cmds, reissueScores(c)...)
	if len(c.Items) > 0 {
		cmds = append(cmds, LReplay{Key: c.Key, Items: c.Items})
	}
	if len(c.Entries) > 0 {
		cmds = append(cmds, XReplay{Key: c.Key, Entries: c.Entries})
	}
	if len(c.Groups) > 0 {
		cmds = append(cmds, XGroupReplay{Key: c.Key, Groups: c.Groups})
	}
	if len(c.Accounts) > 0 {
		cmds = append(cmds, BReplay{Key: c.Key, Accounts: c.Accounts})
	}
	if len(c.Ranks) > 0 {
		cmds = append(cmds, PFReplay{Key: c.Key, Ranks: c.Ranks})
	}
	if e := c.Expiry; e != nil && !e.None && !c.Assign {
		cmds = append(cmds, reissueExpiry(c))
	}
	return cmds
}

// createsBounded tells whether a change creates a bounded counter.
func createsBounded(c *crdt.Change) bool {
	return slices.ContainsFunc(c.Accounts, func(f crdt.FieldChange) bool { return f.Assign && bytes.Equal(f.Name, crdt.BoundName()) })
}

// reissueIncrement adds as INCRBYFLOAT does, also what is whole: the number that it is added to need not be.
func reissueIncrement(c *crdt.Change) []keyspace.Command {
	if c.Increment.Delta == (crdt.Total{}) {
		return nil
	}
	return []keyspace.Command{IncrFloat{Key: c.Key, Delta: c.Increment.Delta}}
}

// reissueScores does again what a change did to members of a sorted set.
func reissueScores(c *crdt.Change) (cmds []keyspace.Command) {
	for i := range c.Scores {
		f := &c.Scores[i]
		switch {
		case f.Assign:
			added := crdt.Field{Register: crdt.Register{Siblings: []crdt.Sibling{{Value: f.Value}}}}
			score, _ := added.Score()
			cmds = append(cmds, ZAdd{Key: c.Key, Members: []keyspace.Scored{{Member: f.Name, Score: score}}})
		case f.Clear && !c.Clear:
			cmds = append(cmds, ZRem{Key: c.Key, Members: [][]byte{f.Name}})
		}
		if f.Increment == nil {
			continue
		}
		for _, part := range f.Increment.Delta.Floats() {
			cmds = append(cmds, ZIncr{Key: c.Key, Member: f.Name, Delta: part})
		}
	}
	return cmds
}

// reissueLife returns the deadline that a string was written with.
func reissueLife(c *crdt.Change) Lifetime {
	if e := c.Expiry; e != nil && !e.None && e.At != crdt.Never {
		return Lifetime{As: EndsAt, Millis: e.At}
	}
	return Lifetime{}
}

// reissueExpiry sets again a deadline, or takes it away. A time that has come meanwhile deletes the key.
func reissueExpiry(c *crdt.Change) keyspace.Command {
	if c.Expiry.At == crdt.Never {
		return Persist{Key: c.Key}
	}
	return Expire{Key: c.Key, Life: Lifetime{As: EndsAt, Millis: c.Expiry.At}}
}

// reissueFields does again what a change did to fields. A deletion of the whole key takes
// the counters that it names by itself.
func reissueFields(c *crdt.Change) (cmds []keyspace.Command) {
	for i := range c.Fields {
		f := &c.Fields[i]
		switch {
		case f.Assign:
			cmds = append(cmds, HSet{Key: c.Key, Fields: []FieldValue{{f.Name, f.Value}}})
		case f.Clear && !c.Clear:
			cmds = append(cmds, HDel{Key: c.Key, Fields: [][]byte{f.Name}})
		}
		if f.Increment != nil {
			cmds = append(cmds, reissueFieldIncrement(c.Key, f)...)
		}
		switch e := f.Expiry; {
		case e == nil:
		case e.At != crdt.Never:
			cmds = append(cmds, HExpire{Key: c.Key, Fields: [][]byte{f.Name}, Life: Lifetime{As: EndsAt, Millis: e.At}})
		case !f.Assign:
			cmds = append(cmds, HPersist{Key: c.Key, Fields: [][]byte{f.Name}})
		}
	}
	return cmds
}

func reissueFieldIncrement(key []byte, f *crdt.FieldChange) []keyspace.Command {
	if f.Increment.Delta == (crdt.Total{}) {
		return nil
	}
	return []keyspace.Command{HIncrFloat{Key: key, Field: f.Name, Delta: f.Increment.Delta}}
}
