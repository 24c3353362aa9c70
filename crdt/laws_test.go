package crdt_test

import (
	"testing"

	"github.com/atollkv/atoll/crdt/crdttest"
)

func TestLaws(t *testing.T) {
	for name, alphabet := range map[string]crdttest.Alphabet{
		"register": {"set": 3, "del": 1},
		"counter":  {"incr": 4, "del": 1},
		"base":     {"incr": 4, "set": 1, "del": 1},
		"set":      {"sadd": 3, "srem": 2, "del": 1},
		"mixed":    {"set": 2, "incr": 2, "sadd": 3, "srem": 2, "del": 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crdttest.Run(t, 1500, alphabet)
		})
	}
}
