// Package membership answers one question: who is alive?
//
// A Cluster gossips with the other nodes (SWIM, by hashicorp/memberlist) and keeps a list of every
// member it has heard of:
//
//	c, err := membership.New(membership.Config{Cluster: "atoll", Self: self, Listen: "127.0.0.1:7003"})
//	go c.Run(ctx)
//	c.Members()
//
// What gossip says is a hint, never the truth: it finds addresses to dial and guesses at failures.
// Nothing is collected, retired or moved because of it, and replication goes on without it.
//
// Promises: two sides of a split see each other again after it, however long it lasted, since a
// Cluster asks its seeds and every member it ever knew to join again, for ever. Nodes with another
// cluster id or gossip key are refused.
//
// Refusals: gossip has no protection of its own against a holder of its key, and without a key none
// at all. It is not a place to keep state.
package membership
