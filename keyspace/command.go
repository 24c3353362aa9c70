package keyspace

import (
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Command is one operation on a namespace. Package command holds them.
type Command interface {
	// Name is the operation's name in upper case.
	Name() string
	// Keys lists the keys that the operation reads or writes.
	Keys() [][]byte
	// Writes tells whether it may write.
	Writes() bool
	// Run reads and writes through tx. After an error nothing of it is kept.
	Run(tx *Tx) (Reply, error)
}

// Reply is the result of a command; which fields count depends on the command.
type Reply struct {
	// Found tells whether the key, or the member, was there.
	Found bool
	// Value is the string read.
	Value []byte
	// Int is a count or a number.
	Int int64
	// List holds keys or members.
	List [][]byte
	// Ints are numbers, one a field that was named.
	Ints []int64
	// Scores are those of the members in List; Score is a single one.
	Scores []float64
	Score  float64
	// Cursor continues a paged read; it is empty on the last page.
	Cursor []byte
	// Siblings are the concurrent values of a key, greatest stamp first.
	Siblings []Sibling
	// Accounts are those of a bounded counter.
	Accounts []Account
	// Conflicts are those of a command that asks for them.
	Conflicts *ConflictPage
	// History is that of a command that asks for it.
	History *HistoryPage
	// Entries are those of a stream; Stream is its state.
	Entries []Entry
	Stream  Stream
	// Next is the id of a stream to go on at.
	Next crdt.StreamID
	// Spaces are those of a command that asks for them.
	Spaces []Space
	// Pending are entries of a group that are not acknowledged, Consumers and Groups what is told of them.
	Pending   []PendingEntry
	Consumers []ConsumerInfo
	Groups    []GroupInfo
	// Replies are those of the commands within a command.
	Replies []Reply
	// Again: nothing was found yet, and the command noted how far it looked. It is to be run again.
	Again bool
	// Err is why a command within a command was refused, or one that by itself changed something all
	// the same; nothing else counts then.
	Err error
}

// Sibling is one of the concurrent values of a key.
type Sibling struct {
	Type         string
	Value        []byte
	Stamp        clock.Stamp
	Dot          clock.Dot
	Region, Node string
	// Shown marks the one that reads show.
	Shown bool
}
