// Command verify measures verifications: two shards of many keys each, compared over gRPC
// on loopback, with none and with some cells damaged.
package main
