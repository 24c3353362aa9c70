// Package namespace answers one question: which set of keys is meant?
//
// A [Name] names a namespace: a set of keys beside others, like a database of Redis. It is the default one, one of the
// numbers 1 to 15, or a name that somebody chose. A namespace is not made and not removed: it is there while it has keys.
// So regions that use a new name at the same time need no agreement, and as the name itself is a part of the keys of
// cells, two names can never be taken for one.
//
// [Name.Key] makes one value of a name and a key: a full key. Below the doors what is called a key is a full key.
package namespace
