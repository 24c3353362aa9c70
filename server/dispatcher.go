package server

import (
	"context"
	"sync"

	"github.com/atollkv/atoll/keyspace"
)

// Shard runs commands; keyspace.Shard is one.
type Shard interface {
	// Execute runs commands as one update, all or none.
	Execute(ctx context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error)
	// Read runs one command that does not write.
	Read(ctx context.Context, cmd keyspace.Command) (keyspace.Reply, error)
}

// Config says what a Dispatcher guards.
type Config struct {
	// Shard runs what is let in. Required.
	Shard Shard
	// Limits bound requests.
	Limits Limits
	// Clock tells why this node must not issue writes: its clock is off. Nil, or a nil
	// error, lets writes in. It is called for each write and must be quick.
	Clock func() error
}

// Dispatcher is the one gate between client protocols and the keyspace.
type Dispatcher struct {
	cfg      Config
	drain    sync.Once
	draining chan struct{}
}

// New returns a gate to cfg.Shard.
func New(cfg Config) *Dispatcher {
	cfg.Limits.setDefaults()
	return &Dispatcher{cfg: cfg, draining: make(chan struct{})}
}

// Limits returns the limits in force.
func (d *Dispatcher) Limits() Limits { return d.cfg.Limits }

// Drain refuses every later request. Those inside go on.
func (d *Dispatcher) Drain() { d.drain.Do(func() { close(d.draining) }) }

// Draining is closed by Drain.
func (d *Dispatcher) Draining() <-chan struct{} { return d.draining }

// Do runs commands in a namespace: one that only reads by itself, anything else as one
// atomic update. Errors are for Explain.
func (d *Dispatcher) Do(ctx context.Context, namespace string, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	writes, err := d.admit(ctx, namespace, cmds)
	if err != nil {
		return nil, err
	}
	if len(cmds) == 1 && !writes {
		reply, err := d.cfg.Shard.Read(ctx, cmds[0])
		if err != nil {
			return nil, err
		}
		return []keyspace.Reply{reply}, nil
	}
	return d.cfg.Shard.Execute(ctx, cmds...)
}

// admit decides whether a request may run, and tells whether it writes.
func (d *Dispatcher) admit(ctx context.Context, namespace string, cmds []keyspace.Command) (writes bool, err error) {
	select {
	case <-d.draining:
		return false, Errorf(CodeDraining, "the node is draining")
	default:
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := CheckNamespace(namespace); err != nil {
		return false, err
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
	if writes && d.cfg.Clock != nil {
		if err := d.cfg.Clock(); err != nil {
			return true, Errorf(CodeClock, "%v", err)
		}
	}
	return writes, nil
}

// DefaultNamespace is the name of the one namespace there is.
const DefaultNamespace = "default"

// CheckNamespace refuses a namespace that does not exist. Empty means the default.
func CheckNamespace(name string) error {
	if name == "" || name == DefaultNamespace {
		return nil
	}
	return Errorf(CodeNoNamespace, "no namespace %.64q", name)
}
