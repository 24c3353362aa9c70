package respserver

import (
	"math"
	"strconv"

	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/geoadd/

var rowGeoAdd = row{
	name: "geoadd", arity: -5, flags: "write denyoom", categories: "write geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.0", complexity: "O(log(N)) for each member of N",
	syntax:  "GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]",
	summary: "Gives members of a sorted set their places on the globe, and returns how many were not there.",
	differs: "Of concurrent places of one member the later one is shown, never a mixture. For the rest as `ZADD`.",
	parse:   func(args [][]byte, _ *server.Limits) (operation, error) { return parseGeoAdd(args) },
}

func parseGeoAdd(args [][]byte) (operation, error) {
	cmd := command.ZAdd{Key: args[0]}
	rest := args[1:]
	for ; len(rest) > 0; rest = rest[1:] {
		if !is(rest[0], "NX") && !is(rest[0], "XX") && !is(rest[0], "CH") {
			break
		}
		*zaddFlag(&cmd, rest[0]) = true
	}
	if len(rest) == 0 || len(rest)%3 != 0 || cmd.Absent && cmd.Present {
		return operation{}, errSyntax
	}
	for ; len(rest) > 0; rest = rest[3:] {
		p, err := readPoint(rest)
		if err != nil {
			return operation{}, err
		}
		cmd.Members = append(cmd.Members, keyspace.Scored{Member: rest[2], Score: p.Score()})
	}
	return operation{cmd, replyInt}, nil
}

// readPoint reads a longitude and a latitude.
func readPoint(args [][]byte) (p geohash.Point, err error) {
	if p.Lon, err = float(args[0]); err != nil {
		return p, err
	}
	if p.Lat, err = float(args[1]); err != nil {
		return p, err
	}
	if !p.Valid() {
		return p, refusef("ERR invalid longitude,latitude pair %s,%s", sixDecimals(p.Lon), sixDecimals(p.Lat))
	}
	return p, nil
}

// sixDecimals is %f of C.
func sixDecimals(f float64) string {
	if math.IsInf(f, 0) {
		return string(resp.AppendDouble(nil, f))
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}
