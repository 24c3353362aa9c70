package server

import (
	"context"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// Shard runs commands; keyspace.Shard is one.
type Shard interface {
	// Execute runs commands as one update, all or none.
	Execute(ctx context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error)
	// ExecuteEach runs commands in order, each as an update by itself; the Err of its reply tells why one was refused.
	ExecuteEach(ctx context.Context, cmds []keyspace.Command) ([]keyspace.Reply, error)
	// Begin is Execute that returns once the update has its place in the order; wait returns
	// the outcome.
	Begin(ctx context.Context, cmds ...keyspace.Command) (wait func() ([]keyspace.Reply, error), err error)
	// Read runs one command that does not write.
	Read(ctx context.Context, cmd keyspace.Command) (keyspace.Reply, error)
	// Seen returns what readers of the last acknowledged state may have seen.
	Seen() clock.VersionVector
	// Await waits until the acknowledged state contains v. When ctx ends before, the error
	// is a *keyspace.MissingError.
	Await(ctx context.Context, v clock.VersionVector) error
}

// Config says what a Dispatcher guards.
type Config struct {
	// Shard runs what is let in. Required.
	Shard Shard
	// Cluster is the name of the cluster; session tokens of others are refused.
	Cluster string
	// SessionWait bounds how long a request waits for what its session token says; default
	// 1 s.
	SessionWait time.Duration
	// Limits bound requests.
	Limits Limits
	// Clock tells why this node must not issue writes: its clock is off. Nil, or a nil
	// error, lets writes in. It is called for each write and must be quick.
	Clock func() error
	// Pressure tells why the node cannot serve a request now: two processes with its name,
	// a full disk, or memory near its limit. It is an *Error, or nil. It is called for each
	// request and must be quick. Nil lets everything in.
	Pressure func(writes bool, cmds []keyspace.Command) *Error
	// Loading tells why no client is to be answered yet: the node is new and lacks the
	// data. Nil, or a nil error, lets requests in. It must be quick.
	Loading func() error
	// Fresh waits until the node may write after its start, and tells why it must not yet:
	// its data is an old copy. Nil lets writes in.
	Fresh func(context.Context) error
}

// Dispatcher is the one gate between client protocols and the keyspace.
type Dispatcher struct {
	cfg      Config
	places   places
	drain    sync.Once
	draining chan struct{}
}

// New returns a gate to cfg.Shard.
func New(cfg Config) *Dispatcher {
	cfg.Limits.setDefaults()
	if cfg.SessionWait == 0 {
		cfg.SessionWait = sessionWait
	}
	return &Dispatcher{cfg: cfg, places: make(places, placesMax), draining: make(chan struct{})}
}

// Limits returns the limits in force.
func (d *Dispatcher) Limits() Limits { return d.cfg.Limits }

// Drain refuses every later request. Those inside go on.
func (d *Dispatcher) Drain() { d.drain.Do(func() { close(d.draining) }) }

// Draining is closed by Drain.
func (d *Dispatcher) Draining() <-chan struct{} { return d.draining }

// Do runs commands in a namespace: one that only reads by itself, anything else as one
// atomic update. Those of a transaction may be of other namespaces: see keyspace.In. Errors are for Explain.
func (d *Dispatcher) Do(ctx context.Context, n namespace.Name, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	writes, err := d.admit(ctx, cmds)
	if err != nil {
		return nil, err
	}
	if len(cmds) == 1 && !writes {
		reply, err := d.cfg.Shard.Read(ctx, keyspace.InNamespace(n, cmds[0]))
		if err != nil {
			return nil, err
		}
		return []keyspace.Reply{reply}, nil
	}
	return d.execute(ctx, within(n, cmds))
}

// DoOne is Do for one command.
func (d *Dispatcher) DoOne(ctx context.Context, n namespace.Name, cmd keyspace.Command) (r keyspace.Reply, err error) {
	writes, err := d.admit(ctx, []keyspace.Command{cmd})
	if err != nil {
		return r, err
	}
	if cmd = keyspace.InNamespace(n, cmd); !writes {
		return d.cfg.Shard.Read(ctx, cmd)
	}
	replies, err := d.execute(ctx, []keyspace.Command{cmd})
	if err != nil {
		return r, err
	}
	return replies[0], nil
}

// DoEach runs commands that write, in order, each as an update by itself, and returns a reply for each when all are
// acknowledged: they share commits. The Err of a reply tells why its command was refused.
func (d *Dispatcher) DoEach(ctx context.Context, n namespace.Name, cmds []keyspace.Command) []keyspace.Reply {
	var refused []error // nil where none is
	let := make([]keyspace.Command, 0, len(cmds))
	for i, cmd := range cmds {
		if _, err := d.admit(ctx, cmds[i:i+1]); err == nil {
			let = append(let, keyspace.InNamespace(n, cmd))
		} else {
			refused = append(refused, make([]error, i+1-len(refused))...)
			refused[i] = err
		}
	}
	done, err := d.cfg.Shard.ExecuteEach(ctx, let)
	if refused == nil && err == nil {
		return done
	}
	replies := make([]keyspace.Reply, len(cmds))
	for i := range cmds {
		switch {
		case i < len(refused) && refused[i] != nil:
			replies[i].Err = refused[i]
		case err != nil:
			replies[i].Err = err
		default:
			replies[i], done = done[0], done[1:]
		}
	}
	return replies
}

// execute runs commands that may write, as soon as there is a place for them.
func (d *Dispatcher) execute(ctx context.Context, cmds []keyspace.Command) ([]keyspace.Reply, error) {
	if err := d.places.take(ctx); err != nil {
		return nil, err
	}
	defer d.places.give()
	for {
		replies, err := refusal(d.cfg.Shard.Execute(ctx, cmds...))
		if err != nil || len(replies) != 1 || !replies[0].Again {
			return replies, err
		} // else others have their turn in between
	}
}

// refusal makes an error of the reply of a single command that was refused, and changed something all
// the same.
func refusal(replies []keyspace.Reply, err error) ([]keyspace.Reply, error) {
	if err == nil && len(replies) == 1 && replies[0].Err != nil {
		return nil, replies[0].Err
	}
	return replies, err
}

// Begin is Do for one command that writes, in two steps: it returns when the command has its place in
// the order, and wait when it is acknowledged. Commands that one goroutine begins, and what it does
// after it has waited for them, take effect in that order.
func (d *Dispatcher) Begin(ctx context.Context, n namespace.Name, cmd keyspace.Command) (wait func() ([]keyspace.Reply, error), err error) {
	if _, err := d.admit(ctx, []keyspace.Command{cmd}); err != nil {
		return nil, err
	}
	begun, err := d.cfg.Shard.Begin(ctx, keyspace.InNamespace(n, cmd))
	if err != nil {
		return nil, err
	}
	return func() ([]keyspace.Reply, error) { return refusal(begun()) }, nil
}

// within makes commands those of a namespace.
func within(n namespace.Name, cmds []keyspace.Command) []keyspace.Command {
	if n == namespace.Default {
		return cmds
	}
	out := make([]keyspace.Command, len(cmds))
	for i, cmd := range cmds {
		out[i] = keyspace.InNamespace(n, cmd)
	}
	return out
}

// admit decides whether a request may run, and tells whether it writes.
func (d *Dispatcher) admit(ctx context.Context, cmds []keyspace.Command) (writes bool, err error) {
	select {
	case <-d.draining:
		return false, Errorf(CodeDraining, "the node is draining")
	default:
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if d.cfg.Loading != nil {
		if err := d.cfg.Loading(); err != nil {
			return false, Errorf(CodeLoading, "%v", err)
		}
	}
	if len(cmds) == 0 {
		return false, Errorf(CodeInvalid, "operations: required")
	}
	if err := d.cfg.Limits.check(cmds); err != nil {
		return false, err
	}
	for _, cmd := range cmds {
		if writes = writes || cmd.Writes(); writes {
			break
		}
	}
	if err := d.clockOff(writes); err != nil {
		return true, err
	}
	if writes && d.cfg.Fresh != nil {
		if err := d.cfg.Fresh(ctx); err != nil && ctx.Err() == nil {
			return true, Errorf(CodeLoading, "%v", err)
		} else if err != nil {
			return true, err
		}
	}
	return writes, d.pressed(writes, cmds)
}

// Still tells why a command that was let in, and has waited, must not run now. It is quick.
func (d *Dispatcher) Still(cmd keyspace.Command) error {
	if err := d.clockOff(cmd.Writes()); err != nil {
		return err
	}
	return d.pressed(cmd.Writes(), []keyspace.Command{cmd})
}

func (d *Dispatcher) clockOff(writes bool) error {
	if !writes || d.cfg.Clock == nil {
		return nil
	}
	if err := d.cfg.Clock(); err != nil {
		return Errorf(CodeClock, "%v", err)
	}
	return nil
}

func (d *Dispatcher) pressed(writes bool, cmds []keyspace.Command) error {
	if d.cfg.Pressure == nil {
		return nil
	}
	if err := d.cfg.Pressure(writes, cmds); err != nil {
		return err
	}
	return nil
}

// Namespace reads the name of a namespace, as clients write it.
func Namespace(text string) (namespace.Name, error) {
	n, err := namespace.Parse(text)
	if err != nil {
		return n, Errorf(CodeNoNamespace, "%v", err)
	}
	return n, nil
}
