package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store/oplog"
)

// Region returns the region of this node, whose share of groups commands work on.
func (tx *Tx) Region() string { return tx.self.Region }

// ReaderGroups returns the groups of the stream at key, ascending by name.
func (tx *Tx) ReaderGroups(key []byte) ([]*ReaderGroup, error) {
	return tx.readGroups(key, []byte{byte(crdt.GroupCursor)})
}

// ReaderGroup returns a group of the stream at key, nil if there is none.
func (tx *Tx) ReaderGroup(key, name []byte) (*ReaderGroup, error) {
	list, err := tx.readGroups(key, crdt.GroupName{Part: crdt.GroupCursor, Group: name}.Begin(nil))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func (tx *Tx) readGroups(key, begin []byte) ([]*ReaderGroup, error) {
	w := groupWalk{here: tx.self.Region, retired: tx.cells.endings()}
	err := tx.groupCells(key, begin, w.take)
	return w.groups(), err
}

// groupCells calls fn for the visible cells of groups whose names begin in some way, in order, until it returns false.
// Slices are valid during the call only.
func (tx *Tx) groupCells(key, begin []byte, fn func(name []byte, f *crdt.Field) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	if _, some := h.Claimed(crdt.TypeGroups); !some {
		return nil
	}
	return tx.groupCellsFrom(key, &h, begin, begin, fn)
}

func (tx *Tx) groupCellsFrom(key []byte, h *crdt.Header, begin, from []byte, fn func(name []byte, f *crdt.Field) bool) error {
	w := itemWalk{of: crdt.TypeGroups, from: from, hidden: h.Hidden}
	return tx.eachItem(key, w, func(name []byte, f *crdt.Field) bool { return bytes.HasPrefix(name, begin) && fn(name, f) })
}

// PendingEntry is an entry that a consumer has and that is not acknowledged.
type PendingEntry struct {
	crdt.Pending
	// Entry is its name.
	Entry []byte
	ID    crdt.StreamID
}

// Kept returns a copy that shares nothing.
func (p *PendingEntry) Kept() PendingEntry {
	kept := *p
	kept.Entry, kept.Consumer = bytes.Clone(p.Entry), bytes.Clone(p.Consumer)
	return kept
}

// EachPending calls fn for the entries of a group that are pending in a region, from an id on, ascending, until it
// returns false. What it gets is valid during the call only.
func (tx *Tx) EachPending(key []byte, region string, group []byte, from crdt.StreamID, fn func(p *PendingEntry) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	var p PendingEntry
	begin := crdt.GroupName{Part: crdt.GroupPending, Region: region, Group: group}.Begin(nil)
	return tx.groupCellsFrom(key, &h, begin, append(bytes.Clone(begin), from.Begin()...), func(name []byte, f *crdt.Field) bool {
		p = PendingEntry{Pending: f.Pending(), Entry: name[len(begin):]}
		p.ID, _, _ = crdt.SplitEntry(p.Entry)
		return fn(&p)
	})
}

// Consumer is one of the readers of a group.
type Consumer struct {
	Name []byte
	// Seen is when it was seen last, in Unix milliseconds.
	Seen int64
}

// Consumers returns the consumers of a group in this region, ascending by name.
func (tx *Tx) Consumers(key, group []byte) (list []Consumer, err error) {
	begin := crdt.GroupName{Part: crdt.GroupConsumer, Region: tx.self.Region, Group: group}.Begin(nil)
	err = tx.groupCells(key, begin, func(name []byte, f *crdt.Field) bool {
		list = append(list, Consumer{bytes.Clone(name[len(begin):]), f.ConsumerSeen()})
		return true
	})
	return list, err
}

// HasConsumer tells whether a group has a consumer in this region.
func (tx *Tx) HasConsumer(key, group, name []byte) (bool, error) {
	n := crdt.GroupName{Part: crdt.GroupConsumer, Region: tx.self.Region, Group: group, Of: name}
	f, err := tx.field(key, crdt.TypeGroups, n.Append(nil))
	return f.Live(), err
}

// putGroup writes a cell of a group. The stream's mark is written with it: see crdt.GroupName.
func (tx *Tx) putGroup(key []byte, n crdt.GroupName, value []byte) error {
	s, _, err := tx.StreamState(key)
	if err != nil {
		return err
	}
	if err := tx.SetStream(key, s); err != nil {
		return err
	}
	return tx.PutGroupCell(key, n.Append(nil), value)
}

// PutGroupCell writes a cell of a group that has a name. The caller sees to it that the stream's mark is written, too.
func (tx *Tx) PutGroupCell(key, name, value []byte) error {
	return tx.changeField(key, crdt.TypeGroups, name, func(f *txField) { f.edit = crdt.Edit{Assign: true, Value: value} })
}

// DropGroupCell deletes a cell of a group, if it is there; was tells.
func (tx *Tx) DropGroupCell(key, name []byte) (was bool, err error) {
	f, err := tx.field(key, crdt.TypeGroups, name)
	if err != nil || !f.Live() {
		return false, err
	}
	return true, tx.takeOut(key, crdt.TypeGroups, name)
}

// DefineGroup makes a group of the stream at key that begins behind an id, in all regions.
func (tx *Tx) DefineGroup(key, group []byte, at crdt.Group) error {
	return tx.putGroup(key, crdt.GroupName{Part: crdt.GroupCursor, Group: group}, at.Append(nil))
}

// MoveGroup lets a group go on behind an id, in all regions that are known to have it. What is pending stays.
func (tx *Tx) MoveGroup(key []byte, g *ReaderGroup, at crdt.Group) error {
	if err := tx.DefineGroup(key, g.Name, at); err != nil {
		return err
	}
	for _, region := range g.Regions {
		c := crdt.Cursor{Start: at.Start, Last: crdt.Behind(at.Start), Read: at.Read}
		if err := tx.putCursor(key, region, g.Name, c, true); err != nil {
			return err
		}
	}
	return nil
}

// putCursor writes a cursor of a region; now says that it is of all that this update sees.
func (tx *Tx) putCursor(key []byte, region string, group []byte, c crdt.Cursor, now bool) error {
	seen, err := tx.seen(key)
	if err != nil {
		return err
	}
	if now {
		c.Seen = seen
	}
	if c.Late != (crdt.EntryPoint{}) {
		c.LateSeen = seen
	}
	return tx.putGroup(key, crdt.GroupName{Part: crdt.GroupCursor, Region: region, Group: group}, c.Append(nil))
}

// seen returns what the update at hand sees of a key, itself included.
func (tx *Tx) seen(key []byte) (v clock.VersionVector, err error) {
	k, err := tx.touch(key)
	if err != nil {
		return v, err
	}
	v = k.ctx.Vector()
	v.Advance(tx.write.tag.Dot.Origin, tx.write.tag.Dot.Seq)
	return v, nil
}

// MeetConsumer notes that a consumer was seen; fresh tells that it is new.
func (tx *Tx) MeetConsumer(key, group, name []byte) (fresh bool, err error) {
	had, err := tx.HasConsumer(key, group, name)
	if err != nil {
		return false, err
	}
	n := crdt.GroupName{Part: crdt.GroupConsumer, Region: tx.self.Region, Group: group, Of: name}
	return !had, tx.putGroup(key, n, crdt.AppendConsumer(nil, tx.WriteTime()))
}

// WriteTime returns the time of the update at hand, in Unix milliseconds.
func (tx *Tx) WriteTime() int64 { return tx.write.tag.Time.WallMillis() }

// Hand gives an entry, by name, to a consumer, in place of who had it.
func (tx *Tx) Hand(key, group, entry []byte, p crdt.Pending) error {
	n := crdt.GroupName{Part: crdt.GroupPending, Region: tx.self.Region, Group: group, Of: entry}
	return tx.putGroup(key, n, p.Append(nil))
}

// TakeBack ends that an entry is pending in a region.
func (tx *Tx) TakeBack(key []byte, region string, group, entry []byte) (was bool, err error) {
	return tx.DropGroupCell(key, crdt.GroupName{Part: crdt.GroupPending, Region: region, Group: group, Of: entry}.Append(nil))
}

// DestroyGroup deletes all that is seen of a group, in all regions.
func (tx *Tx) DestroyGroup(key []byte, g *ReaderGroup) error {
	begins := [][]byte{crdt.GroupName{Part: crdt.GroupCursor, Group: g.Name}.Begin(nil)}
	regions := g.Regions
	if _, mine := g.cursors[tx.self.Region]; !mine {
		regions = append([]string{tx.self.Region}, regions...)
	}
	for _, region := range regions {
		for _, part := range []crdt.GroupPart{crdt.GroupPending, crdt.GroupConsumer} {
			begins = append(begins, crdt.GroupName{Part: part, Region: region, Group: g.Name}.Begin(nil))
		}
	}
	var names [][]byte
	for _, begin := range begins {
		err := tx.groupCells(key, begin, func(name []byte, _ *crdt.Field) bool {
			names = append(names, bytes.Clone(name))
			return true
		})
		if err != nil {
			return err
		}
	}
	return tx.dropGroupCells(key, names)
}

// updateBytesMax bounds the encoding of an update.
const updateBytesMax = oplog.MaxRecordBytes - 64<<10

// dropGroupCells deletes cells that are there. Whether an update can name so many is asked first: to delete them takes long.
func (tx *Tx) dropGroupCells(key []byte, names [][]byte) error {
	const each = 3 // bytes of a change beside the name, at least
	size := 0
	for _, name := range names {
		size += len(name) + each
	}
	if size > updateBytesMax {
		return &TooLargeError{What: "transaction in bytes", Size: size, Limit: updateBytesMax}
	}
	for _, name := range names {
		if err := tx.takeOut(key, crdt.TypeGroups, name); err != nil {
			return err
		}
	}
	return nil
}

// TakeBackAll ends that entries are pending in this region, which they are.
func (tx *Tx) TakeBackAll(key, group []byte, entries [][]byte) error {
	names := make([][]byte, len(entries))
	for i, entry := range entries {
		names[i] = crdt.GroupName{Part: crdt.GroupPending, Region: tx.self.Region, Group: group, Of: entry}.Append(nil)
	}
	return tx.dropGroupCells(key, names)
}

// DropConsumer deletes a consumer of this region.
func (tx *Tx) DropConsumer(key, group, name []byte) error {
	n := crdt.GroupName{Part: crdt.GroupConsumer, Region: tx.self.Region, Group: group, Of: name}
	_, err := tx.DropGroupCell(key, n.Append(nil))
	return err
}

// ConsumerInfo is what is told of a consumer: how many entries are pending with it, and some of them.
type ConsumerInfo struct {
	Consumer
	Pending int64
	List    []PendingEntry
}

// GroupInfo is what is told of a group in this region.
type GroupInfo struct {
	Name []byte
	Last crdt.StreamID
	// Read is how many entries were read, or crdt.UnknownRead; Lag how many were not, if that is known.
	Read, Lag int64
	LagKnown  bool
	// Pending is how many entries are pending; List are some of them.
	Pending   int64
	List      []PendingEntry
	Consumers []ConsumerInfo
}

// PassTo lets this region go on behind an id, if it has not come so far. With always it gets a cursor in any case: what
// is pending in a region is found by its cursor.
func (tx *Tx) PassTo(key []byte, g *ReaderGroup, id crdt.StreamID, always bool) error {
	further := crdt.Behind(id).Compare(g.Last) > 0
	if !further && (!always || g.newest != nil) {
		return nil
	}
	c := crdt.Cursor{Start: g.Start, Last: g.Last, Read: g.Read}
	if further {
		c.Last = crdt.Behind(id)
	}
	return tx.putCursor(key, tx.self.Region, g.Name, c, true)
}
