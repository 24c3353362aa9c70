// Package verify answers: do my peers and I hold the same? It compares the state of one
// node with that of its peers, finds the cells that differ, tells who is wrong where that
// can be told, and heals this node's own cells.
//
// The main types are [Verifier], which runs verifications, and [Answerer], which is the
// other end of one. Neither knows what a cell means: they compare bytes that a [Replica]
// gives them.
//
//	v := verify.New(cfg)
//	report, err := v.Verify(ctx, verify.Options{All: true, Repair: true}, nil)
//
// It promises:
//   - no false alarm, however much is written meanwhile: a slot is compared only where
//     both sides have seen the same updates of it (see State.Comparable);
//   - cost by what differs: one exchange of a sum when nothing does, and under 100 bytes
//     a differing cell beside its value otherwise (see sketch.go);
//   - bounds on everything that a peer sends.
//
// It refuses to guess: where two nodes differ and no third one decides, it names the
// cells and changes nothing. It never changes anything at a peer: each node heals itself.
package verify
