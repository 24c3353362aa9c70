package respserver

import (
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

// Config says what a Server serves. Dispatcher and Wall are required; the other fields have useful
// zero values.
type Config struct {
	Dispatcher *server.Dispatcher
	// Wall is the clock that TIME shows.
	Wall clock.Wall
	// Password lets clients in. Without one only clients on this host are, and they need not
	// authenticate.
	Password string
	// Version is that of the program.
	Version string
	// MemoryBytes is the limit of the process's memory, to be shown; 0 is none.
	MemoryBytes int64
	// About gives the lines of INFO's section Atoll. Nil leaves it out.
	About func() []Field
	// Written names the last acknowledged update of this node, and Regions tells how many other regions
	// hold an update of it durably: for WAIT. Both or neither.
	Written func() clock.Dot
	Regions func(clock.Dot) int
	// Changes has a function called for each commit: Shard.Listen of the keyspace. Without it there is no CLIENT TRACKING.
	Changes func(heard func(keyspace.Change))
	// NoteWriters says whether changes tell who made them: Shard.NoteWriters of the keyspace. Without it clients are told of their own
	// writes, whatever they chose.
	NoteWriters func(on bool)
	// NoteEvents says whether changes carry events, and those of reads that find nothing: Shard.NoteEvents of the keyspace. Without
	// it there are no notifications of events.
	NoteEvents func(changes, misses bool)
	// Publish hands a message that a client has published to the other nodes; it must not wait. It may be nil.
	Publish func(channel, message []byte)
	// TrackedMax bounds what is remembered of which client has read which key; default 1,000,000 pairs.
	TrackedMax int
	// Lag tells how far the peers are: for ATOLL.LAG. It may be nil.
	Lag func() []PeerLag
	// MaxClients bounds the connections at a time; default 10,000.
	MaxClients int
	// IdleTimeout ends a connection that sends nothing for so long; 0 is never.
	IdleTimeout time.Duration
	// DrainTimeout bounds how long Run waits for running commands when it ends; default 5 s.
	DrainTimeout time.Duration
	// HeldBytes bounds what all connections hold together: large arguments, queued commands,
	// replies that were not taken. Default 256 MiB.
	HeldBytes int64
	// OutputBytes bounds the replies that one client has not taken; beyond it the connection
	// ends. Default 32 MiB. One reply is let in whatever its size.
	OutputBytes int
	Events      Events
}

// Field is a line of INFO.
type Field struct{ Name, Value string }

// Events reports what happens. Every function may be nil.
type Events struct {
	// Panic reports a command that panicked; its connection ends.
	Panic func(command string, value any, stack []byte)
	// Request reports a finished command by its name in the table. err is nil or what the client
	// was told.
	Request func(command string, took time.Duration, err *server.Error)
	// Ended reports a connection that the server ended, and why.
	Ended func(client string, why Ending, detail string)
	// Clients reports how many connections there are.
	Clients func(n int)
}

// Ending is why the server ended a connection.
type Ending string

// The reasons for ending a connection.
const (
	EndProtocol  Ending = "protocol"  // it broke the protocol
	EndForeign   Ending = "foreign"   // it speaks HTTP or TLS
	EndSlow      Ending = "slow"      // it did not finish a command, or authenticate, in time
	EndIdle      Ending = "idle"      // it sent nothing for IdleTimeout
	EndOutput    Ending = "output"    // it did not take its replies
	EndMany      Ending = "many"      // there were MaxClients already
	EndProtected Ending = "protected" // it is remote, and there is no password
	EndKilled    Ending = "killed"    // CLIENT KILL
)

const (
	// guestTimeout is how long a client may take to authenticate, if it must.
	guestTimeout = 10 * time.Second
	// commandTimeout is how long a command may take to arrive, plus a second for every
	// slowestBytes of it.
	commandTimeout = 60 * time.Second
	slowestBytes   = 64 << 10
	// flushBytes of replies are sent before more commands run.
	flushBytes = 64 << 10
	// queueBytes bounds the arguments of the commands queued by MULTI.
	queueBytes = 64 << 20
)

func (c *Config) setDefaults() {
	if c.MaxClients == 0 {
		c.MaxClients = 10_000
	}
	if c.TrackedMax == 0 {
		c.TrackedMax = 1_000_000
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = 5 * time.Second
	}
	if c.HeldBytes == 0 {
		c.HeldBytes = 256 << 20
	}
	if c.OutputBytes == 0 {
		c.OutputBytes = 32 << 20
	}
}
