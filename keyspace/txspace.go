package keyspace

import "github.com/atollkv/atoll/internal/namespace"

// A transaction is in one namespace at a time. Keys that commands give it, and get from it, are those of that namespace;
// behind them all keys are full keys.

// Namespace returns the namespace that the transaction is in: at first the default one.
func (tx *Tx) Namespace() namespace.Name { return tx.space }

// Enter makes the transaction go on in a namespace.
func (tx *Tx) Enter(n namespace.Name) { tx.space = n }

// full returns the full key of a key of the namespace.
func (tx *Tx) full(key []byte) []byte { return tx.space.Key(key) }

// enter makes the transaction go on in the namespace of a full key, and returns the key there.
func (tx *Tx) enter(full []byte) (key []byte) {
	tx.space, key = namespace.Split(full)
	return key
}

// In is a command of a namespace; a command by itself is one of the default namespace.
type In struct {
	Namespace namespace.Name
	Command
}

// InNamespace returns the command of a namespace.
func InNamespace(n namespace.Name, cmd Command) Command {
	if n == namespace.Default {
		return cmd
	}
	return In{n, cmd}
}

// Run implements Command.
func (c In) Run(tx *Tx) (Reply, error) {
	before := tx.Namespace()
	defer tx.Enter(before)
	tx.Enter(c.Namespace)
	return c.Command.Run(tx)
}

// SpaceOf returns the namespace of a command, and the command there.
func SpaceOf(cmd Command) (namespace.Name, Command) {
	if in, ok := cmd.(In); ok {
		return in.Namespace, in.Command
	}
	return namespace.Default, cmd
}
