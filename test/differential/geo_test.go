package differential

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// place draws a point with a member that has it alone: equal distances have no order. None
// is near a pole: Redis does not find all members there.
func (d dice) place() []string {
	i := d.IntN(60)
	at := rand.New(rand.NewPCG(uint64(i), 3))
	lon, lat := at.Float64()*360-180, at.Float64()*120-60
	if i < 40 { // a crowd
		lon, lat = 2+at.Float64()/100, 48+at.Float64()/100
	}
	return []string{strconv.FormatFloat(lon, 'g', -1, 64), strconv.FormatFloat(lat, 'g', -1, 64), "p" + strconv.Itoa(i)}
}

func (d dice) geoMember() string { return "p" + strconv.Itoa(d.IntN(70)) }
func (d dice) geoKey() string    { return d.of("p", "p", "p", "p", "q", "a") }
func (d dice) unit() string      { return d.of("m", "km", "KM", "ft", "mi", "mi", "M", "x") }
func (d dice) length() string {
	if d.IntN(3) == 0 {
		return strconv.FormatFloat(d.Float64()*float64(d.IntN(20000)), 'f', 3, 64)
	}
	return d.of("0", "1", "10", "200", "500", "1000", "5000", "20000", "100000", "1000000", "-1", "x", "")
}

func (d dice) lonlat() []string {
	if d.IntN(8) == 0 {
		return []string{d.of("0", "181", "-180", "179.9", "x"), d.of("0", "86", "-60", "60.5", "x")}
	}
	return d.place()[:2]
}

func (d dice) geoOptions(more ...string) (list []string) {
	for range d.IntN(4) {
		switch d.IntN(6) {
		case 0:
			list = append(list, "COUNT", d.of("1", "3", "10", "0", "x"))
		case 1:
			list = append(list, "count", d.of("1", "3", "10"), "ANY")
		default:
			list = append(list, d.of(append(more, "ASC", "desc", "WITHDIST", "withcoord", "WITHHASH")...))
		}
	}
	return list
}

func (d dice) area() []string {
	args := append([]string{"FROMLONLAT"}, d.lonlat()...)
	if d.IntN(2) == 0 {
		args = []string{"FROMMEMBER", d.geoMember()}
	}
	if d.IntN(2) == 0 {
		return append(args, "BYRADIUS", d.length(), d.unit())
	}
	return append(args, "bybox", d.length(), d.length(), d.unit())
}

// geoShapes are the forms of the commands on places.
var geoShapes = []func(d dice) []string{
	func(d dice) []string {
		return append(append(append([]string{"GEOADD", d.geoKey()}, d.place()...), d.place()...), d.place()...)
	},
	func(d dice) []string { return append([]string{"GEOADD", d.geoKey()}, d.place()...) },
	func(d dice) []string {
		return append([]string{"GEOADD", d.geoKey(), d.of("NX", "XX", "ch", "GT", "x")}, d.place()...)
	},
	func(d dice) []string {
		return []string{"GEOADD", d.geoKey(), d.of("181", "180.1", "x", "nan"), d.of("0", "86", "-85.06", "inf", ""), "x"}
	},
	func(d dice) []string {
		return append([]string{"GEOADD", d.geoKey(), d.of("NX", "XX", "CH"), d.of("XX", "CH")}, d.place()...)
	},
	func(d dice) []string {
		return append([]string{d.of("GEOPOS", "GEOHASH"), d.geoKey()}, d.some(d.geoMember)...)
	},
	func(d dice) []string { return []string{d.of("GEOPOS", "GEOHASH"), d.geoKey()} },
	func(d dice) []string { return []string{"GEODIST", d.geoKey(), d.geoMember(), d.geoMember()} },
	func(d dice) []string { return []string{"GEODIST", d.geoKey(), d.geoMember(), d.geoMember(), d.unit()} },
	func(d dice) []string {
		return append(append([]string{"GEOSEARCH", d.geoKey()}, d.area()...), d.geoOptions()...)
	},
	func(d dice) []string {
		return append(append([]string{"GEOSEARCH", d.geoKey()}, d.area()...), d.geoOptions()...)
	},
	func(d dice) []string {
		return append(append([]string{"GEOSEARCH", d.geoKey()}, d.area()[:3]...), d.geoOptions("FROMLONLAT", "BYRADIUS", "BYBOX", "STOREDIST", "STORE")...)
	},
	func(d dice) []string {
		return append(append([]string{"GEOSEARCHSTORE", d.of("r", "q"), d.geoKey()}, d.area()...), d.geoOptions("ASC", "DESC", "ASC", "x")...)
	},
	func(d dice) []string {
		return append(append(append([]string{"GEOSEARCHSTORE", "s", d.geoKey()}, d.area()...), d.geoOptions("ASC", "ASC", "ASC")...), "STOREDIST")
	},
	func(d dice) []string {
		return append(append(append([]string{d.of("GEORADIUS", "GEORADIUS_RO"), d.geoKey()}, d.lonlat()...), d.length(), d.unit()), d.geoOptions("x", "STORE")...)
	},
	func(d dice) []string {
		return append([]string{d.of("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"), d.geoKey(), d.geoMember(), d.length(), d.unit()}, d.geoOptions("x")...)
	},
	func(d dice) []string {
		return append([]string{d.of("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"), d.geoKey(), d.geoMember(), d.length(), d.unit(), "STORE", "r"}, d.geoOptions("ASC", "ASC", "ASC", "ASC")...)
	},
	func(d dice) []string { return []string{"ZRANGE", "p", "0", "-1", "WITHSCORES"} },
	func(d dice) []string { return []string{"ZRANGE", "r", "0", "-1", "WITHSCORES"} },
	func(d dice) []string { return []string{"ZREM", "p", d.geoMember()} },
	func(d dice) []string { return []string{"SADD", "a", "x"} },
}

// TestPlaces compares histories of commands on places alone: they meet more often.
func TestPlaces(t *testing.T) {
	compareHistories(t, func(t *testing.T, redis, door *peer, seed uint64) { compareHistory(t, geoShapes, redis, door, seed) })
}
