package keyspace

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/atollkv/atoll/crdt"
)

// Class is the kind of an event, by the letter that Redis has for it.
// https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
type Class byte

// The classes.
const (
	ClassGeneric Class = 'g' // of any type: del, expire, rename_from and the like
	ClassString  Class = '$'
	ClassList    Class = 'l'
	ClassSet     Class = 's'
	ClassHash    Class = 'h'
	ClassZSet    Class = 'z'
	ClassStream  Class = 't'
	ClassExpired Class = 'x' // what had ended was deleted
	ClassModule  Class = 'd' // of types that Redis does not have: bounded counters
	ClassNew     Class = 'n' // a key came to be
	ClassMiss    Class = 'm' // a read found nothing
)

// Event is what became of a key, by the name that Redis has for it. That of a command that a client gave here is
// the command's. Of a change that came from elsewhere only the key's type is known and what became of it.
type Event struct {
	Class Class
	Name  string
	Key   []byte // a full key
}

// notes are the events of the open batch. They are gathered while somebody wants them.
type notes struct {
	wanted atomic.Bool
	misses atomic.Bool // also those of ClassMiss

	list []Event // owned by the commit loop, like the rest
	// taken are keys of which a transfer has taken over cells, in order, and what they showed before.
	taken  []string
	before map[string]glance
}

// NoteEvents says whether changes carry events from the next commits on, and whether reads that find nothing are
// told as changes that have such events only. Those of one commit, and of a read, come in the order in which
// they happened.
func (s *Shard) NoteEvents(changes, misses bool) {
	s.core.notes.misses.Store(changes && misses)
	s.core.notes.wanted.Store(changes)
}

// take returns the events since it was asked last.
func (n *notes) take() []Event {
	list := n.list
	n.list = nil
	return list
}

// Notify notes what a command has done to a key, when it has done it. Where the key came to be by it, or is gone,
// that is noted too. Without a change of the key nothing is.
func (tx *Tx) Notify(class Class, name string, key []byte) {
	if !tx.noting || tx.write == nil {
		return
	}
	k := tx.touched(key)
	if k == nil {
		return
	}
	t, _, err := tx.Type(key)
	is := err == nil && t != crdt.TypeNone
	ends := name == "del" || name == "rename_from"
	switch {
	case ends && !k.existed:
		return
	case is && !k.existed:
		tx.note(ClassNew, "new", key)
	}
	tx.note(class, name, key)
	if k.existed && !is && !ends {
		tx.note(ClassGeneric, "del", key)
	}
	k.existed = is
}

// NotifyNew notes that a command has put something new in the place of what a key held.
func (tx *Tx) NotifyNew(key []byte) {
	if !tx.noting || tx.write == nil {
		return
	}
	if k := tx.touched(key); k != nil {
		k.existed = true
		tx.note(ClassNew, "new", key)
	}
}

func (tx *Tx) note(class Class, name string, key []byte) {
	tx.events = append(tx.events, Event{class, name, tx.full(key)})
}

// noteEnd notes what a write to a key that has ended deletes first: the key, or the fields of a hash that have all ended.
func (tx *Tx) noteEnd(key []byte, h *crdt.Header) error {
	up, err := tx.timeUp(key, h)
	if err != nil || up {
		tx.note(ClassExpired, "expired", key)
		return err
	}
	some, err := tx.stores(key, crdt.TypeHash, h)
	if some {
		tx.note(ClassHash, "hexpired", key)
		tx.note(ClassGeneric, "del", key)
	}
	return err
}

// NotifyWrite is Notify of a write of which only the type of the key is known.
func (tx *Tx) NotifyWrite(key []byte) {
	if !tx.noting {
		return
	}
	if t, _, err := tx.Type(key); err == nil && t != crdt.TypeNone {
		w := writeEvents[t]
		tx.Notify(w.class, w.put, key)
	}
}

// NotifyMisses notes the keys that a command reads and that are not there.
func (tx *Tx) NotifyMisses(cmd Command) {
	if !tx.missing || cmd.Writes() {
		return
	}
	defer tx.Enter(tx.Namespace())
	space, _ := SpaceOf(cmd)
	tx.Enter(space)
	for _, key := range cmd.Keys() {
		if t, _, err := tx.Type(key); err == nil && t == crdt.TypeNone {
			tx.note(ClassMiss, "keymiss", key)
		}
	}
}

// writeEvents are the main writes of the types: what puts something, and what takes something away.
var writeEvents = map[crdt.Type]struct {
	class     Class
	put, take string
}{
	crdt.TypeString:  {ClassString, "set", "set"},
	crdt.TypeSet:     {ClassSet, "sadd", "srem"},
	crdt.TypeHash:    {ClassHash, "hset", "hdel"},
	crdt.TypeZSet:    {ClassZSet, "zadd", "zrem"},
	crdt.TypeList:    {ClassList, "rpush", "lrem"},
	crdt.TypeBounded: {ClassModule, "bincrby", "bdecrby"},
	crdt.TypeSketch:  {ClassString, "pfadd", "pfadd"},
	crdt.TypeStream:  {ClassStream, "xadd", "xdel"},
}

// glance is what a key shows at a moment.
type glance struct {
	known bool
	shown crdt.Type
	gone  bool // its time has come, and it was not deleted yet
	ended bool // fields had ended that a change deletes
}

// glance looks at a key, if anybody wants to know.
func (c *Core) glance(key []byte) (g glance) {
	if !c.notes.wanted.Load() {
		return g
	}
	tx := c.begin(false)
	key = tx.enter(key)
	h, gone, err := tx.open(key)
	switch {
	case err != nil:
	case gone:
		g.gone, err = tx.timeUp(key, &h)
	default:
		g.shown, _, err = tx.Type(key)
	}
	g.known = err == nil
	return g
}

// noteMerged notes what a change from elsewhere made of a key; ch is nil where only the state is known.
func (c *Core) noteMerged(key []byte, before glance, ch *crdt.Change) {
	if !before.known {
		return
	}
	after := c.glance(key)
	note := func(class Class, name string) { c.notes.list = append(c.notes.list, Event{class, name, key}) }
	if before.gone && !after.gone {
		note(ClassExpired, "expired")
	}
	if before.ended {
		note(ClassHash, "hexpired")
	}
	switch was, is := before.shown, after.shown; {
	case !after.known:
	case is == crdt.TypeNone && was != crdt.TypeNone && !after.gone:
		note(ClassGeneric, "del")
	case is == crdt.TypeNone:
		if before.ended && !c.storesFields(key) {
			note(ClassGeneric, "del")
		}
	case before.ended && takesOnly(ch, crdt.TypeHash):
	case was == crdt.TypeNone:
		note(ClassNew, "new")
		fallthrough
	default:
		if class, name := mergedEvent(is, ch); name != "" {
			note(class, name)
		}
	}
}

// mergedEvent names what a change from elsewhere did to a key that shows type t; nothing where Redis has no name for it.
func mergedEvent(t crdt.Type, ch *crdt.Change) (Class, string) {
	w := writeEvents[t]
	switch {
	case t == crdt.TypeStream && ch != nil && !ch.Clear && groupsOnly(ch):
		return w.class, groupEvent(ch)
	case ch == nil || ch.Clear || ch.Assign || len(ch.Adds) > 0:
		return w.class, w.put
	case ch.Increment != nil && t == crdt.TypeString:
		return w.class, "incrby"
	case t == crdt.TypeHash && endsOnly(ch.Fields):
		return w.class, fieldEndEvent(ch.Fields)
	case takesOnly(ch, t):
		return w.class, w.take
	case !changesContent(ch) && ch.Expiry.At == crdt.Never:
		return ClassGeneric, "persist"
	case !changesContent(ch):
		return ClassGeneric, "expire"
	default:
		return w.class, w.put
	}
}

// changesContent tells whether a change, which has no part for strings or adds of members, does more than to set a
// deadline.
func changesContent(ch *crdt.Change) bool {
	for _, t := range fieldTypes {
		if len(ch.FieldsOf(t)) > 0 {
			return true
		}
	}
	return ch.Expiry == nil || len(ch.Removes) > 0 || ch.Increment != nil
}

// takesOnly tells whether a change only takes elements of t away.
func takesOnly(ch *crdt.Change, t crdt.Type) bool {
	if t == crdt.TypeSet {
		return len(ch.Removes) > 0
	}
	if t == crdt.TypeString || t == crdt.TypeBounded || t == crdt.TypeSketch {
		return false
	}
	list := ch.FieldsOf(t)
	for i := range list {
		if (list[i].Assign || list[i].Increment != nil) && !isMark(t, list[i].Name) {
			return false
		}
	}
	return len(list) > 0
}

// endsOnly tells whether changes of fields do nothing but to set deadlines.
func endsOnly(list []crdt.FieldChange) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(f crdt.FieldChange) bool {
		return f.Clear || f.Assign || f.Increment != nil || f.Expiry == nil
	})
}

func fieldEndEvent(list []crdt.FieldChange) string {
	if slices.ContainsFunc(list, func(f crdt.FieldChange) bool { return f.Expiry.At != crdt.Never }) {
		return "hexpire"
	}
	return "hpersist"
}

// deletesEnded tells whether a change from elsewhere deletes fields that have ended here.
func (c *Core) deletesEnded(ch *crdt.Change) bool {
	h, err := c.batch.header(ch.Key)
	if err != nil || !fieldsMayEnd(crdt.TypeHash, &h) {
		return false
	}
	tx := c.begin(false)
	return slices.ContainsFunc(ch.Fields, func(x crdt.FieldChange) bool {
		f, err := c.batch.field(ch.Key, crdt.TypeHash, x.Name, h.Hidden)
		return err == nil && x.Clear && f.Live() && tx.fieldEnded(&f)
	})
}

// storesFields tells whether there are fields at a key, ended or not.
func (c *Core) storesFields(key []byte) bool {
	tx := c.begin(false)
	key = tx.enter(key)
	h, _, err := tx.open(key)
	if err != nil {
		return true
	}
	some, err := tx.stores(key, crdt.TypeHash, &h)
	return some || err != nil
}

// isMark tells whether a cell is what a stream keeps beside its entries.
func isMark(t crdt.Type, name []byte) bool {
	return t == crdt.TypeStream && bytes.Equal(name, crdt.StreamMark())
}

// noteTaking notes what a key showed before a transfer takes over the first cell of it.
func (c *Core) noteTaking(key []byte) {
	if !c.notes.wanted.Load() {
		return
	}
	n := &c.notes
	if _, known := n.before[string(key)]; known {
		return
	}
	if n.before == nil {
		n.before = map[string]glance{}
	}
	n.before[string(key)] = c.glance(key)
	n.taken = append(n.taken, string(key))
}

// noteTaken notes what became of the keys of which cells were taken over.
func (c *Core) noteTaken() {
	for _, key := range c.notes.taken {
		c.noteMerged([]byte(key), c.notes.before[key], nil)
	}
	c.notes.taken, c.notes.before = nil, nil
}
