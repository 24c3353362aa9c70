// Package differential answers one question: does a node answer as Redis does?
//
// The same commands go to a redis-server and to a node's Redis door, and the replies are compared
// byte for byte. One thing is made equal first: the members of a set, the fields of a hash, and a page
// of keys, may come in any order. What the node refuses on purpose is not sent; docs/redis.md lists it.
//
// Commands that are younger than the server, those about the deadlines of fields for one of 7.0, are compared with tables made by hand
// in server/respserver.
//
// The tests are skipped where there is no redis-server.
package differential
