package crdt_test

import (
	"testing"

	"github.com/atollkv/atoll/crdt/crdttest"
)

func TestLaws(t *testing.T) {
	for name, alphabet := range map[string]crdttest.Alphabet{
		"register":   {"set": 3, "del": 1},
		"counter":    {"incr": 4, "del": 1},
		"base":       {"incr": 4, "set": 1, "del": 1},
		"set":        {"sadd": 3, "srem": 2, "del": 1},
		"hash":       {"hset": 3, "hincr": 3, "hdel": 2, "del": 1},
		"fields":     {"hincr": 4, "hdel": 1, "del": 1},
		"floats":     {"fincr": 3, "incr": 1, "set": 1, "del": 1},
		"zset":       {"zadd": 3, "zincr": 3, "zrem": 2, "del": 1},
		"scores":     {"zincr": 4, "zrem": 1, "del": 1},
		"voids":      {"incr": 5, "void": 4, "del": 1},
		"annulled":   {"incr": 2, "fincr": 1, "hincr": 4, "zincr": 4, "void": 6, "hdel": 1, "zrem": 1, "set": 1, "zadd": 1, "del": 1},
		"vanished":   {"incr": 4, "void": 4, "expire": 3, "setex": 1, "del": 1},
		"list":       {"push": 3, "linsert": 2, "lset": 3, "lrem": 2, "del": 1},
		"bounded":    {"bcreate": 1, "badd": 5, "bgrant": 3},
		"bounds":     {"bcreate": 2, "badd": 5, "bgrant": 3, "del": 1, "set": 1, "sadd": 1},
		"sketch":     {"pfadd": 5, "del": 1},
		"stream":     {"xadd": 5, "xdel": 3, "del": 1},
		"groups":     {"gput": 5, "gdrop": 2, "xadd": 2, "xdel": 1, "del": 1},
		"mixed":      {"set": 2, "incr": 2, "sadd": 3, "srem": 2, "del": 1},
		"types":      {"set": 2, "incr": 1, "sadd": 3, "srem": 1, "hset": 3, "hincr": 2, "hdel": 2, "zadd": 3, "zincr": 2, "zrem": 2, "push": 3, "linsert": 1, "lset": 2, "lrem": 2, "bcreate": 1, "badd": 2, "pfadd": 2, "xadd": 2, "xdel": 1, "gput": 2, "gdrop": 1, "del": 1},
		"expiry":     {"set": 1, "setex": 2, "keepttl": 1, "expire": 4, "persist": 2, "del": 1},
		"ending":     {"incr": 3, "sadd": 3, "srem": 3, "hset": 1, "hincr": 1, "hdel": 2, "setex": 1, "set": 1, "xadd": 1, "xdel": 1, "expire": 5, "persist": 1, "del": 1},
		"field ends": {"hset": 1, "hsetex": 2, "hexpire": 4, "hpersist": 2, "hdel": 1, "hincr": 1, "del": 1},
		"count ends": {"hincr": 4, "hexpire": 4, "hpersist": 1, "hdel": 2, "hset": 1, "del": 1},
		"void ends":  {"hincr": 4, "void": 4, "hexpire": 3, "hpersist": 1, "hdel": 1, "del": 1},
		"both ends":  {"hincr": 2, "hset": 2, "hexpire": 3, "hdel": 1, "set": 1, "setex": 1, "sadd": 1, "srem": 1, "expire": 2, "persist": 1, "del": 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crdttest.Run(t, 900, alphabet)
		})
	}
}
