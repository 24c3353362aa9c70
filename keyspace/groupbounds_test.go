package keyspace_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// boundsGiven is how many entries one command gives at most.
const boundsGiven = 10_000

// fillGroup lets one consumer of a group have so many small entries.
func fillGroup(t *testing.T, x *region, group, consumer string, n int) {
	t.Helper()
	x.do(t, xgroup(group, crdt.StreamID{}))
	for done := 0; done < n; {
		var adds []keyspace.Command
		for ; done < n && len(adds) < 500; done++ {
			adds = append(adds, xadd(sid(uint64(done+1), 0), "v"))
		}
		x.do(t, adds...)
		x.commit()
	}
	next := xnext(group, 0)
	next.Consumer = b(consumer)
	for given := 0; given < n; x.commit() {
		list := x.do(t, next)[0].Replies
		if len(list) != 1 || len(list[0].Entries) > boundsGiven {
			t.Fatalf("one command gives %d streams after %d entries", len(list), given)
		}
		given += len(list[0].Entries)
	}
}

// However many entries there are, without a limit a consumer is given so many that their cells fit into one update, and
// that others do not wait for long: then what it has not acknowledged, and what it claims.
func TestOneCommandGivesSoMany(t *testing.T) {
	const n = 12_000
	x := newNode("x", 0x1000)
	group := strings.Repeat("g", 1500) // it is in the name of each cell
	fillGroup(t, x, group, "c", n)

	other := command.XGroupCreate{GroupOf: groupOf(group), Make: true}
	other.Key = b("u")
	x.do(t, other, command.XAdd{Key: b("u"), ID: sid(1, 0), Has: command.WholeID, Fields: [][]byte{b("f"), b("v")}})
	x.commit()
	newest := xnext(group, 0)
	newest.Streams[0].Key = b("u")
	x.do(t, newest)
	x.commit()

	had := 0
	for after := (crdt.StreamID{}); ; {
		again := command.XReadGroup{Consumer: b("c"), Streams: []command.ReadAs{{GroupOf: groupOf(group), After: after}, {GroupOf: groupOf(group)}}}
		again.Streams[1].Key = b("u")
		parts := x.do(t, again)[0].Replies
		x.commit()
		if len(parts[1].Entries) != 1 {
			t.Fatalf("of the other stream it has %d entries: none would say that there are none", len(parts[1].Entries))
		}
		list := parts[0].Entries
		if len(list) == 0 {
			break
		}
		if had += len(list); len(list) > boundsGiven {
			t.Errorf("it has %d entries at once", len(list))
		}
		after = list[len(list)-1].ID
	}
	if had != n {
		t.Errorf("it has %d entries of %d", had, n)
	}

	claim, claimed := command.XAutoClaim{GroupOf: groupOf(group), Consumer: b("d"), Limit: 1 << 40, JustID: true}, 0
	for {
		r := x.do(t, claim)[0]
		x.commit()
		if claimed += len(r.Entries); len(r.Entries) > boundsGiven {
			t.Errorf("it claims %d entries at once", len(r.Entries))
		}
		if claim.From = r.Next; r.Next == (crdt.StreamID{}) {
			break
		}
	}
	if claimed != n {
		t.Errorf("it claims %d entries of %d", claimed, n)
	}
	dropTooMany(t, x, group, n)
}

// dropTooMany deletes a consumer with more entries than an update can name, and the group: some are another's before.
func dropTooMany(t *testing.T, x *region, group string, n int64) {
	t.Helper()
	drop, destroy := command.XGroupDelConsumer{GroupOf: groupOf(group), Consumer: b("d")}, command.XGroupDestroy{GroupOf: groupOf(group)}
	var large *keyspace.TooLargeError
	for _, cmd := range []keyspace.Command{drop, destroy} {
		if _, _, err := x.Execute([]keyspace.Command{cmd}); !errors.As(err, &large) {
			t.Errorf("%s of %d entries: %v", cmd.Name(), n, err)
		}
	}
	others := int64(len(x.do(t, command.XAutoClaim{GroupOf: groupOf(group), Consumer: b("e"), Limit: 3000, JustID: true})[0].Entries))
	x.commit()
	if r := x.do(t, drop)[0]; r.Int != n-others {
		t.Errorf("with the consumer go %d entries", r.Int)
	}
	x.commit()
	if r := x.do(t, destroy)[0]; r.Int != 1 {
		t.Error("the group stays")
	}
	x.commit()
}

// What is told of all that is pending is refused where it is more than a reply may hold.
func TestWhatIsPendingIsBounded(t *testing.T) {
	x := newNode("x", 0x1000)
	fillGroup(t, x, "g", strings.Repeat("c", 64<<10), 520) // each is told of twice
	_, _, err := x.Execute([]keyspace.Command{command.XInfoStream{Key: b("s"), Full: true}})
	var large *keyspace.TooLargeError
	if !errors.As(err, &large) {
		t.Errorf("XINFO STREAM FULL of all gives %v", err)
	}
	r := x.do(t, command.XInfoStream{Key: b("s"), Full: true, Limit: 10})[0]
	if g := r.Groups[0]; g.Pending != 520 || len(g.List) != 10 || len(g.Consumers[0].List) != 10 {
		t.Errorf("of ten there are %d and %d, of %d", len(g.List), len(g.Consumers[0].List), g.Pending)
	}
}
