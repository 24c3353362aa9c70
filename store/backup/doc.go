// Package backup answers one question: how does a node's data get out of it and back?
//
// A backup is a directory: data/ holds a checkpoint of the store, MANIFEST says what it
// is: of which node, at which vector, with which digest, and of every file its size and
// SHA-256. [Create] makes one while the node serves; the manifest comes last, so a
// directory without one is a backup that did not finish. [Read], [Verify] and [Restore]
// need the directory only and no node. The bytes of a manifest are described in
// docs/formats/backup.md.
//
// A restored directory holds the past of a node. It is safe to start, beside live peers
// too: a node takes a fresh origin for its first write after each opening, so that no
// new update gets the name of one that the backup does not know.
//
// What the data means is not known here: digests are computed by a function of the
// caller.
package backup
