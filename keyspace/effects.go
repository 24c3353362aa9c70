package keyspace

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/crdt"
)

// fieldWords are how elements of collections are called, and what is done to them.
var fieldWords = map[crdt.Type]struct{ one, many, put string }{
	crdt.TypeHash:    {"field", "fields", "set"},
	crdt.TypeZSet:    {"member", "members", "scored"},
	crdt.TypeList:    {"element", "elements", "put"},
	crdt.TypeBounded: {"account", "accounts", "defined"},
	crdt.TypeSketch:  {"register", "registers", "raised"},
	crdt.TypeStream:  {"entry", "entries", "added"},
	crdt.TypeGroups:  {"cell of its groups", "cells of its groups", "written"},
}

// effectsOf tells in words what a change does to its key. The words hold no names and no values.
func effectsOf(ch *crdt.Change) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case ch.Assign:
		add("set to a string of %s", counted(len(ch.Value), "byte", "bytes"))
	case ch.Clear:
		add("deleted")
	}
	if ch.Increment != nil {
		add("incremented by %s", ch.Increment.Delta)
	}
	if n := len(ch.Removes); n > 0 {
		add("%s removed", counted(n, "member", "members"))
	}
	if n := len(ch.Adds); n > 0 {
		add("%s added", counted(n, "member", "members"))
	}
	for _, t := range fieldTypes {
		if t == crdt.TypeStream && groupsOnly(ch) {
			continue // the mark is written along
		}
		list = append(list, fieldEffects(t, ch.FieldsOf(t), ch.Clear)...)
	}
	if e := ch.Expiry; e != nil && e.None {
		add("no deadline any more")
	} else if e != nil {
		list = append(list, madeToEnd(e.At))
	}
	return list
}

// madeToEnd tells that a deadline was set, or taken away.
func madeToEnd(at int64) string {
	if at == crdt.Never {
		return "made to last"
	}
	return "made to end at " + time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
}

// fieldEffects tells what is done to elements of a collection. A deletion of all of it names those that have counters.
func fieldEffects(t crdt.Type, changes []crdt.FieldChange, deleted bool) (list []string) {
	var put, added, taken, marked int
	ends := map[int64]int{}
	for i := range changes {
		if e := changes[i].Expiry; e != nil {
			ends[e.At]++
		}
		switch x := &changes[i]; {
		case isMark(t, x.Name):
			marked = 1
		case x.Assign:
			put++
		case x.Increment != nil:
			added++
		case x.Clear && !deleted:
			taken++
		}
	}
	words := fieldWords[t]
	for _, x := range []struct {
		n    int
		what string
	}{{taken, "removed"}, {put, words.put}, {added, "incremented"}} {
		if x.n > 0 {
			list = append(list, counted(x.n, words.one, words.many)+" "+x.what)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(ends)) {
		list = append(list, counted(ends[at], words.one, words.many)+" "+madeToEnd(at))
	}
	if marked > put+added+taken {
		list = append(list, "last id set")
	}
	return list
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
