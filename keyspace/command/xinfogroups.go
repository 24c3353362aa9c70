package command

import (
	"maps"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// tally counts by name, and makes nothing for a name that it has.
type tally map[string]*int64

func (t tally) add(name []byte) {
	if n := t[string(name)]; n != nil {
		*n++
		return
	}
	one := int64(1)
	t[string(name)] = &one
}

func (t tally) of(name []byte) int64 {
	if n := t[string(name)]; n != nil {
		return *n
	}
	return 0
}

// consumersOf joins consumers with the numbers of what is pending with each, ascending by name.
func consumersOf(list []keyspace.Consumer, pending tally) (out []keyspace.ConsumerInfo) {
	for _, x := range list {
		out = append(out, keyspace.ConsumerInfo{Consumer: x, Pending: pending.of(x.Name)})
	}
	for _, name := range slices.Sorted(maps.Keys(pending)) {
		if !slices.ContainsFunc(list, func(x keyspace.Consumer) bool { return string(x.Name) == name }) {
			out = append(out, keyspace.ConsumerInfo{Consumer: keyspace.Consumer{Name: []byte(name)}, Pending: *pending[name]})
		}
	}
	slices.SortFunc(out, func(a, b keyspace.ConsumerInfo) int { return slices.Compare(a.Name, b.Name) })
	return out
}

// groupInfo looks at a group as this region has it, and keeps not more than limit of what is pending, 0 for all; with a
// negative one none. Size is about how much is kept, in bytes, with what other groups have.
func groupInfo(tx *keyspace.Tx, key []byte, g *keyspace.ReaderGroup, limit int64, size *int) (info keyspace.GroupInfo, err error) {
	info = keyspace.GroupInfo{Name: g.Name, Last: g.Last.ID, Read: g.Read}
	if info.Lag, info.LagKnown, err = tx.Lag(key, g); err != nil {
		return info, err
	}
	list, err := tx.Consumers(key, g.Name)
	if err != nil {
		return info, err
	}
	counts, kept := tally{}, map[string][]keyspace.PendingEntry{}
	keep := func(list []keyspace.PendingEntry, p *keyspace.PendingEntry) []keyspace.PendingEntry {
		if limit != 0 && int64(len(list)) >= limit {
			return list
		}
		*size += len(p.Consumer) + pendingBytes
		return append(list, p.Kept())
	}
	err = tx.EachPending(key, tx.Region(), g.Name, crdt.StreamID{}, func(p *keyspace.PendingEntry) bool {
		info.Pending++
		counts.add(p.Consumer)
		if info.List = keep(info.List, p); limit >= 0 {
			kept[string(p.Consumer)] = keep(kept[string(p.Consumer)], p)
		}
		return *size <= replyBytes
	})
	if err == nil && *size > replyBytes {
		err = &keyspace.TooLargeError{What: "reply bytes", Size: *size, Limit: replyBytes}
	}
	info.Consumers = consumersOf(list, counts)
	for i := range info.Consumers {
		info.Consumers[i].List = kept[string(info.Consumers[i].Name)]
	}
	return info, err
}

// XInfoGroups tells about the groups of a stream. Reply: Groups. Errors: ErrNoKey.
// https://redis.io/commands/xinfo-groups
type XInfoGroups struct{ Key []byte }

// Name implements keyspace.Command.
func (XInfoGroups) Name() string { return "XINFO|GROUPS" }

// Keys implements keyspace.Command.
func (c XInfoGroups) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XInfoGroups) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XInfoGroups) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	switch _, found, err := tx.Expect(c.Key, crdt.TypeStream); {
	case err != nil:
		return r, err
	case !found:
		return r, ErrNoKey
	}
	r.Groups, err = groupInfos(tx, c.Key, -1)
	return r, err
}

func groupInfos(tx *keyspace.Tx, key []byte, limit int64) (infos []keyspace.GroupInfo, err error) {
	size := 0
	list, err := tx.ReaderGroups(key)
	for _, g := range list {
		info, err := groupInfo(tx, key, g, limit, &size)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, err
}
