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

// See https://redis.io/commands/geopos/

var rowGeoPos = row{
	name: "geopos", arity: -2, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.0", complexity: "O(N) for N members", syntax: "GEOPOS key [member [member ...]]",
	summary: "Returns the longitude and latitude of members, null for those that are not there.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZScore{Key: args[0], Members: args[1:]}, replyPlaces}, nil
	},
}

func replyPlaces(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Replies))
	for _, m := range r.Replies {
		if !m.Found {
			w.NullArray()
			continue
		}
		writePoint(w, geohash.OfScore(m.Score))
	}
}

func writePoint(w *resp.Writer, p geohash.Point) {
	w.Array(2)
	writeDegrees(w, p.Lon)
	writeDegrees(w, p.Lat)
}

// writeDegrees writes 17 decimals, less the zeros at the end.
func writeDegrees(w *resp.Writer, f float64) {
	text := strconv.AppendFloat(nil, f, 'f', 17, 64)
	w.Decimal(bytes.TrimRight(bytes.TrimRight(text, "0"), "."))
}
