package crdttest

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/atollkv/atoll/crdt"
)

// command does at a replica what the keyspace does for a client: to a key that has ended it writes as if
// it had been deleted first.
func (h *history) command(r *replica, op *Op, rec *record) crdt.Change {
	r.state.fold(h.folds.At(r.vv))
	now := int64(r.time)
	gone, _ := r.state.Header.Gone(now, r.state.holdsAt(now))
	h.drawKind(op, &r.state, gone, now)
	h.drawFieldEnd(op, &r.state, gone, now)
	op.Prepare(h.seen(r), now)
	if !gone || op.Kind == "set" || op.Kind == "del" {
		c := h.commandOn(&r.state, op, rec)
		if op.Kind == "srem" || op.Kind == "hdel" {
			h.emptied(&r.state, &c, rec, now)
		}
		return c
	}
	clear := r.state.deletion(r.state.Header.Deletion(nil))
	after := r.state.clone()
	after.apply(&clear, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	return inOne(clear, h.commandOn(&after, op, rec))
}

// drawKind makes of a command one that changes something, and draws the time of one that sets any.
func (h *history) drawKind(op *Op, s *State, gone bool, now int64) {
	shown, _ := s.Header.Shown(s.holdsAt(now))
	op.Field, op.Value = "", ""
	switch op.Kind {
	case "hset", "hincr", "hdel", "hsetex", "hexpire", "hpersist":
		op.Field = string(rune('p' + h.rng.IntN(3)))
	case "sadd", "srem":
		op.Value = string(rune('a' + h.rng.IntN(3)))
	}
	switch op.Kind {
	case "srem", "hdel":
		if gone {
			op.Kind = "del"
		}
	case "void":
		if gone {
			op.Kind = "del"
		}
	case "expire", "persist":
		if op.Until = 0; op.Kind == "expire" {
			op.Until = now + 1 + int64(h.rng.IntN(40))
		}
		if op.Kind = "expire"; gone || shown == crdt.TypeNone {
			op.Kind = "del"
		}
	case "setex":
		op.Kind, op.Until = "set", now+1+int64(h.rng.IntN(40))
	case "keepttl":
		op.Kind, op.Until = "set", s.Header.Until(shown)
		if gone {
			op.Until = 0
		}
	}
}

// drawFieldEnd makes of a command about the end of a field one that changes something, and draws its time.
func (h *history) drawFieldEnd(op *Op, s *State, gone bool, now int64) {
	f := s.Fields[op.Field]
	switch op.Kind {
	case "hsetex":
		op.Kind, op.Until = "hset", now+1+int64(h.rng.IntN(40))
	case "hexpire", "hpersist":
		if op.Until = 0; op.Kind == "hexpire" {
			op.Until = now + 1 + int64(h.rng.IntN(40))
		}
		switch {
		case gone:
			op.Kind = "del"
		case !f.Live() || f.Gone(now):
			op.Kind = "hdel"
		default:
			op.Kind = "hexpire"
		}
	}
}

// inOne joins the deletion of a key with what the same update writes after it.
func inOne(clear, c crdt.Change) crdt.Change {
	c.Clear, c.Floors = true, clear.Floors
	for _, f := range clear.Fields {
		i, there := slices.BinarySearchFunc(c.Fields, f.Name, func(x crdt.FieldChange, name []byte) int { return bytes.Compare(x.Name, name) })
		if there {
			c.Fields[i].Clear, c.Fields[i].Floors = true, f.Floors
		} else {
			c.Fields = slices.Insert(c.Fields, i, f)
		}
	}
	return c
}

func (h *history) commandOn(s *State, op *Op, rec *record) crdt.Change {
	head, tag := &s.Header, rec.tag
	switch op.Kind {
	case "set":
		op.Value = h.value(op)
		c := s.deletion(head.Assignment(nil, []byte(op.Value)))
		if op.Until > 0 {
			c.Expiry = &crdt.Expiry{At: op.Until}
		}
		return c
	case "del":
		return s.deletion(head.Deletion(nil))
	case "incr":
		op.Delta = int64(h.rng.IntN(21) - 10)
		x := head.Counter.Increment(crdt.TotalOf(op.Delta), tag)
		return crdt.Change{Increment: &crdt.Increment{Base: x.Base, Total: x.Total, Delta: crdt.TotalOf(op.Delta)}}
	case "sadd":
		return crdt.Change{Adds: [][]byte{[]byte(op.Value)}}
	case "fincr":
		op.Score = float64(h.rng.IntN(161)-80) / 8
		x := head.Counter.Increment(crdt.TotalOfFloat(op.Score), tag)
		return crdt.Change{Increment: &crdt.Increment{Base: x.Base, Total: x.Total, Delta: crdt.TotalOfFloat(op.Score)}}
	case "expire":
		return crdt.Change{Expiry: head.Expire(op.Until)}
	case "hset", "hincr", "hdel", "hexpire":
		return h.fieldCommand(s, op, rec)
	case "zadd", "zincr", "zrem":
		return h.scoreCommand(s, op, tag)
	case "void":
		return h.voidCommand(s, op, tag)
	case "pfadd":
		return h.sketchCommand(s, op)
	case "gput", "gdrop":
		return h.groupCommand(s, op)
	case "xadd", "xdel":
		return h.streamCommand(s, op, tag)
	case "bcreate", "badd", "bgrant":
		return h.boundedCommand(s, op, tag)
	case "push", "linsert", "lset", "lrem":
		return h.listCommand(s, op, tag)
	default:
		_, there := s.Members[op.Value]
		empty := len(s.Members) == 0 || len(s.Members) == 1 && there
		return crdt.Change{Removes: [][]byte{[]byte(op.Value)}, Unclaim: empty}
	}
}

// emptied adds to a change what it means for the deadlines that it leaves nothing of the key.
func (h *history) emptied(s *State, c *crdt.Change, rec *record, now int64) {
	after := s.clone()
	after.apply(c, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	if t, _ := after.Header.Shown(after.holdsAt(now)); t == crdt.TypeNone && len(after.Header.Expiry) > 0 {
		c.Expiry = &crdt.Expiry{None: true}
	}
}

func (h *history) value(op *Op) string {
	if h.rng.IntN(2) == 0 {
		return strconv.Itoa(op.ID * 1000)
	}
	return "v" + strconv.Itoa(op.ID)
}

// scores are numbers that add up to others than their float64 sums, or to none at all.
var scores = []float64{0, 1, -1, 0.1, 1.1, -4.1, 2.5, 1e16, -1e300, math.MaxFloat64, 5e-324, math.Inf(1), math.Inf(-1)}

func (h *history) scoreCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	f := s.Scores[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field)}
	empties := false
	switch op.Kind {
	case "zadd":
		op.Score = scores[h.rng.IntN(len(scores))]
		change.Edit = f.Assignment(crdt.AppendScore(nil, op.Score))
	case "zincr":
		op.Score = scores[h.rng.IntN(len(scores)-2)]
		change.Edit.Add(&f.Counter, crdt.TotalOfFloat(op.Score), tag)
	default:
		change.Edit = f.Deletion()
		live := liveOf(s.Scores)
		empties = len(live) == 0 || len(live) == 1 && live[0] == op.Field
	}
	return crdt.Change{Scores: []crdt.FieldChange{change}, UnclaimZSet: empties}
}

// listCommand writes to a list. To the specification an insertion is an assignment at a new
// position.
func (h *history) listCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	live, kind := liveOf(s.Items), op.Kind
	at := 0
	if len(live) > 0 {
		at = h.rng.IntN(len(live))
	} else if kind != "lrem" {
		kind = "push"
	}
	op.Kind, op.Value = "lset", h.value(op)
	switch kind {
	case "push", "linsert":
		op.Field = string(h.place(live, at, kind, tag))
	case "lrem":
		op.Kind = "lrem"
		if len(live) == 0 {
			return crdt.Change{UnclaimList: true}
		}
		fallthrough
	default:
		op.Field = live[at]
	}
	f := s.Items[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field), Edit: crdt.ItemEdit(&f, []byte(op.Value))}
	if op.Kind == "lrem" {
		change.Edit = f.Deletion()
	}
	return crdt.Change{Items: []crdt.FieldChange{change}, UnclaimList: op.Kind == "lrem" && len(live) == 1}
}

// place returns a position for a new element: at an end, or behind another.
func (h *history) place(live []string, after int, kind string, tag crdt.Tag) (p crdt.Position) {
	var err error
	x := crdt.Insertion{Tag: tag}
	switch front := h.rng.IntN(2) == 0; {
	case len(live) == 0:
		p, err = x.Back(nil)
	case kind == "push" && front:
		p, err = x.Front(crdt.Position(live[0]))
	case kind == "push":
		p, err = x.Back(crdt.Position(live[len(live)-1]))
	case after+1 < len(live):
		p, err = x.Between(crdt.Position(live[after]), crdt.Position(live[after+1]))
	default:
		p, err = x.Between(crdt.Position(live[after]), nil)
	}
	if err != nil {
		panic(err)
	}
	return p
}

func (h *history) fieldCommand(s *State, op *Op, rec *record) crdt.Change {
	f := s.Fields[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field)}
	if op.ClearsField {
		change.Edit = f.Deletion()
		f.Apply(&change.Edit, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	}
	switch op.Kind {
	case "hset":
		before := s.Fields[op.Field]
		op.Value = h.value(op)
		change.Edit = before.Assignment([]byte(op.Value))
		if op.Until > 0 {
			change.Expiry = &crdt.Expiry{At: op.Until}
		}
	case "hincr":
		op.Delta = int64(h.rng.IntN(21) - 10)
		change.Edit.Add(&f.Counter, crdt.TotalOf(op.Delta), rec.tag)
	case "hexpire":
		change.Expiry = f.Expire(op.Until)
	default:
		return deleteField(s, op.Field)
	}
	return crdt.Change{Fields: []crdt.FieldChange{change}}
}

// deleteField deletes a field. With the last one what is left over of deadlines of others goes too.
func deleteField(s *State, name string) crdt.Change {
	f, live := s.Fields[name], liveOf(s.Fields)
	c := crdt.Change{Fields: []crdt.FieldChange{{Name: []byte(name), Edit: f.Deletion()}}}
	if c.UnclaimHash = len(live) == 0 || len(live) == 1 && live[0] == name; !c.UnclaimHash {
		return c
	}
	for other, f := range s.Fields {
		if other != name && len(f.Expiry) > 0 {
			c.Fields = append(c.Fields, crdt.FieldChange{Name: []byte(other), Edit: f.Deletion()})
		}
	}
	slices.SortFunc(c.Fields, func(a, b crdt.FieldChange) int { return bytes.Compare(a.Name, b.Name) })
	return c
}
