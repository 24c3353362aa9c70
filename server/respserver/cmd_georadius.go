package respserver

import "github.com/atollkv/atoll/server"

// See https://redis.io/commands/georadius/, and likewise georadius_ro, georadiusbymember and
// georadiusbymember_ro.

const (
	syntaxGeoRadius = " radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]"
	syntaxGeoStore  = " [STORE key|STOREDIST key]"
)

var rowGeoRadius = row{
	name: "georadius", arity: -6, flags: "write denyoom movablekeys", categories: "write geo", first: 1, last: 1, step: 1, into: "STORE STOREDIST",
	group: "geo", since: "3.2.0", complexity: complexityGeoSearch, syntax: "GEORADIUS key longitude latitude" + syntaxGeoRadius + syntaxGeoStore,
	summary: "Returns the members in a circle, or stores them.", differs: differsGeo, parse: parseGeoRadius(true),
}

var rowGeoRadiusRO = row{
	name: "georadius_ro", arity: -6, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.10", complexity: complexityGeoSearch, syntax: "GEORADIUS_RO key longitude latitude" + syntaxGeoRadius,
	summary: "Returns the members in a circle.", differs: differsGeo, parse: parseGeoRadius(false),
}

var rowGeoRadiusByMember = row{
	name: "georadiusbymember", arity: -5, flags: "write denyoom movablekeys", categories: "write geo", first: 1, last: 1, step: 1, into: "STORE STOREDIST",
	group: "geo", since: "3.2.0", complexity: complexityGeoSearch, syntax: "GEORADIUSBYMEMBER key member" + syntaxGeoRadius + syntaxGeoStore,
	summary: "Returns the members in a circle around one, or stores them.", differs: differsGeo, parse: parseGeoRadiusByMember(true),
}

var rowGeoRadiusByMemberRO = row{
	name: "georadiusbymember_ro", arity: -5, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.10", complexity: complexityGeoSearch, syntax: "GEORADIUSBYMEMBER_RO key member" + syntaxGeoRadius,
	summary: "Returns the members in a circle around one.", differs: differsGeo, parse: parseGeoRadiusByMember(false),
}

func newGeoRadius(store bool) geoSearch {
	return geoSearch{geoForm: geoForm{store: store}, placed: true, shaped: true}
}

func parseGeoRadius(store bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		g := newGeoRadius(store)
		var err error
		g.area.Shape.Center, err = readPoint(args[1:])
		if err == nil {
			err = g.circle(args[3:])
		}
		if err == nil {
			err = g.read(args[5:])
		}
		g.area.Refuse, g.area.RefuseAbsent = err, err
		return g.operation(args[0]), nil
	}
}

// parseGeoRadiusByMember reads the circle too, but that counts only where there is a center.
func parseGeoRadiusByMember(store bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		g := newGeoRadius(store)
		g.area.Member = args[1]
		g.area.Refuse = g.circle(args[2:])
		g.area.RefuseAbsent = g.read(args[4:])
		if g.area.Refuse == nil {
			g.area.Refuse = g.area.RefuseAbsent
		}
		return g.operation(args[0]), nil
	}
}
