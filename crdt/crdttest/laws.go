package crdttest

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// check returns the first law that the replicas break.
func (h *history) check() error {
	for i, r := range h.replicas {
		var visible []Op
		for _, id := range r.seen {
			visible = append(visible, h.ops[id])
		}
		if want, got := Spec(visible), r.state.look(); !reflect.DeepEqual(want, got) {
			return fmt.Errorf("replica %d shows\n %v, the rules give\n %v", i, got, want)
		}
		if err := r.state.checkBound(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
		if err := r.state.checkStream(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
		if err := r.state.roundTrip(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
	}
	for i, a := range h.replicas {
		for j, b := range h.replicas[:i] {
			if a.vv.Equal(b.vv) && !bytes.Equal(h.bytes(a), h.bytes(b)) {
				return fmt.Errorf("replicas %d and %d hold the same updates, but\n %x\n %x", i, j, h.bytes(a), h.bytes(b))
			}
			if err := h.checkMerge(a, b); err != nil {
				return fmt.Errorf("replicas %d and %d: %w", i, j, err)
			}
		}
	}
	return h.checkAssociative()
}

// checkMerge compares merging states with applying the missing updates.
func (h *history) checkMerge(a, b *replica) error {
	both := h.mergeByUpdates(a, b)
	want := h.bytes(both)
	if got := h.mergeByState(a, b).bytes(h.knowledge(both)); !bytes.Equal(got, want) {
		return fmt.Errorf("merged states\n %x, merged updates\n %x", got, want)
	}
	if got := h.mergeByState(b, a).bytes(h.knowledge(both)); !bytes.Equal(got, want) {
		return fmt.Errorf("merge does not commute:\n %x\n %x", got, want)
	}
	if got := h.mergeByState(a, a).bytes(h.knowledge(a)); !bytes.Equal(got, h.bytes(a)) {
		return fmt.Errorf("merge is not idempotent:\n %x\n %x", got, h.bytes(a))
	}
	return nil
}

func (h *history) mergeByState(a, b *replica) State {
	return merge(h.canonical(a), h.canonical(b), h.vectors(a.vv, b.vv))
}

func (h *history) mergeByUpdates(a, b *replica) *replica {
	out := &replica{vv: a.vv, heads: maps.Clone(a.heads), state: a.state.clone(), seen: slices.Clone(a.seen)}
	for _, id := range b.seen {
		h.deliver(out, id)
	}
	return out
}

func (h *history) checkAssociative() error {
	if len(h.replicas) < 3 {
		return nil
	}
	a, b, c := h.replicas[0], h.replicas[1], h.replicas[2]
	ab := h.mergeByUpdates(a, b)
	all := h.mergeByUpdates(ab, c)
	bc := h.mergeByUpdates(b, c)
	left := merge(h.settle(h.mergeByState(a, b), ab), h.canonical(c), h.vectors(ab.vv, c.vv))
	right := merge(h.canonical(a), h.settle(h.mergeByState(b, c), bc), h.vectors(a.vv, bc.vv))
	if l, r := left.bytes(h.knowledge(all)), right.bytes(h.knowledge(all)); !bytes.Equal(l, r) {
		return fmt.Errorf("merge is not associative:\n %x\n %x", l, r)
	}
	return nil
}
