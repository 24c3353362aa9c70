package respserver

import "github.com/atollkv/atoll/server"

// See https://redis.io/commands/geosearch/ and https://redis.io/commands/geosearchstore/

const (
	syntaxGeoSearch     = "<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M|KM|FT|MI> | BYBOX width height <M|KM|FT|MI>> [ASC|DESC] [COUNT count [ANY]]"
	complexityGeoSearch = "O(N+log(M)) for N of M members in the cells around the area"
	differsGeo          = "Around the poles it finds every member, which Redis does not. As there, a member on the very edge of the map, at 180° or 85.05112878°, is not found. Distances that `STOREDIST` stores may differ in their last digits. " + differsScores
)

var rowGeoSearch = row{
	name: "geosearch", arity: -7, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "6.2.0", complexity: complexityGeoSearch, syntax: "GEOSEARCH key " + syntaxGeoSearch + " [WITHCOORD] [WITHDIST] [WITHHASH]",
	summary: "Returns the members in a circle or a box.", differs: differsGeo,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		g := geoSearch{geoForm: geoForm{name: "GEOSEARCH", choose: true}}
		g.area.Refuse = g.read(args[1:])
		g.area.RefuseAbsent = g.area.Refuse
		return g.operation(args[0]), nil
	},
}

var rowGeoSearchStore = row{
	name: "geosearchstore", arity: -8, flags: "write denyoom", categories: "write geo", first: 1, last: 2, step: 1,
	group: "geo", since: "6.2.0", complexity: complexityGeoSearch, syntax: "GEOSEARCHSTORE destination source " + syntaxGeoSearch + " [STOREDIST]",
	summary: "Stores what GEOSEARCH returns, and returns how many members that is.",
	differs: "It is made of what this region sees, as one update; what other regions concurrently add to the destination survives. " + differsGeo,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		g := geoSearch{geoForm: geoForm{name: "GEOSEARCHSTORE", choose: true, storeDist: true}, into: args[0]}
		g.area.Refuse = g.read(args[2:])
		g.area.RefuseAbsent = g.area.Refuse
		return g.operation(args[1]), nil
	},
}
