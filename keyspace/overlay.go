package keyspace

import "slices"

// overlay visits a transaction's own elements between those of the cells, in order.
type overlay[T any] struct {
	mine  map[string]T
	names []string
	visit func(name []byte, x T) bool
	more  bool
}

func newOverlay[T any](mine map[string]T, from []byte, visit func([]byte, T) bool) *overlay[T] {
	o := &overlay[T]{mine: mine, visit: visit, more: true}
	for name := range mine {
		if name >= string(from) {
			o.names = append(o.names, name)
		}
	}
	slices.Sort(o.names)
	return o
}

// passes visits the transaction's elements before name, and tells whether the cell of that
// name counts: not where the transaction has one of its own, which is visited next.
func (o *overlay[T]) passes(name []byte) bool {
	for o.more && len(o.names) > 0 && o.names[0] < string(name) {
		o.visitFirst()
	}
	return o.more && (len(o.names) == 0 || o.names[0] != string(name))
}

func (o *overlay[T]) visitFirst() {
	name := o.names[0]
	o.names = o.names[1:]
	o.more = o.visit([]byte(name), o.mine[name])
}

// end visits what is left, unless the cells could not be read.
func (o *overlay[T]) end(err error) error {
	for err == nil && o.more && len(o.names) > 0 {
		o.visitFirst()
	}
	return err
}

// sortedKeys returns the keys of a map, ascending. Most maps of a transaction are empty or hold one: this is
// on the path of every write.
func sortedKeys[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
