package differential

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// trackingShapes are what clients say of CLIENT TRACKING, in version 2, where nothing comes unasked.
var trackingShapes = []func(d dice) []string{
	func(d dice) []string {
		args := []string{"CLIENT", "TRACKING", d.of("ON", "on", "ON", "OFF", "x")}
		for range d.IntN(4) {
			switch d.IntN(4) {
			case 0:
				args = append(args, "PREFIX", d.of("a", "b", "ab", "", "c"))
			case 1:
				args = append(args, "REDIRECT", d.of("0", "x", "999999"))
			default:
				args = append(args, d.of("BCAST", "BCAST", "OPTIN", "optout", "NOLOOP", "x", "PREFIX"))
			}
		}
		return args
	},
	func(d dice) []string { return []string{"CLIENT", "TRACKING", "OFF"} },
	func(d dice) []string { return []string{"CLIENT", "CACHING", d.of("YES", "no", "x")} },
	func(d dice) []string { return []string{"CLIENT", d.of("TRACKINGINFO", "GETREDIR", "TRACKINGINFO")} },
	func(d dice) []string { return []string{"GET", d.key()} },
}

// TestTrackingReplies compares what the commands about tracking say.
func TestTrackingReplies(t *testing.T) {
	compareHistories(t, func(t *testing.T, redis, door *peer, seed uint64) {
		d := dice{rand.New(rand.NewPCG(seed, 9))}
		var said []string
		for range 60 {
			args := trackingShapes[d.IntN(len(trackingShapes))](d)
			want, got := prefixesInOrder(redis.do(args...)), prefixesInOrder(door.do(args...))
			said = append(said, fmt.Sprintf("%q gives %q", args, want.String()))
			if want.String() != got.String() {
				t.Fatalf("%q:\nredis %q\natoll %q\nafter %q", args, want.String(), got.String(), said)
			}
		}
	})
}

// prefixesInOrder gives the prefixes in TRACKINGINFO an order.
func prefixesInOrder(r reply) reply {
	if len(r.parts) == 6 {
		r.parts[5] = r.parts[5].sorted()
	}
	return r
}
