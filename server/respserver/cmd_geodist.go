package respserver

import (
	"bytes"
	"strconv"

	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/geodist/

var rowGeoDist = row{
	name: "geodist", arity: -4, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.0", complexity: "O(log(N)) for N members", syntax: "GEODIST key member1 member2 [M|KM|FT|MI]",
	summary: "Returns the distance between two members, null where one is not there.",
	parse:   func(args [][]byte, _ *server.Limits) (operation, error) { return parseGeoDist(args) },
}

func parseGeoDist(args [][]byte) (operation, error) {
	unit := 1.0
	if len(args) > 4 {
		return operation{}, errSyntax
	}
	if len(args) == 4 {
		var err error
		if unit, err = readUnit(args[3]); err != nil {
			return operation{}, err
		}
	}
	return operation{command.ZScore{Key: args[0], Members: args[1:3]}, func(w *resp.Writer, r keyspace.Reply) {
		a, b := r.Replies[0], r.Replies[1]
		if !a.Found || !b.Found {
			w.Null()
			return
		}
		writeDistance(w, geohash.Distance(geohash.OfScore(a.Score), geohash.OfScore(b.Score))/unit)
	}}, nil
}

// units are lengths in metres.
var units = map[string]float64{"m": 1, "km": 1000, "ft": 0.3048, "mi": 1609.34}

func readUnit(arg []byte) (float64, error) {
	unit, ok := units[string(bytes.ToLower(arg))]
	if !ok {
		return 0, refusal("ERR unsupported unit provided. please use M, KM, FT, MI")
	}
	return unit, nil
}

func writeDistance(w *resp.Writer, d float64) { w.Bulk(strconv.AppendFloat(nil, d, 'f', 4, 64)) }
