package respserver

import (
	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/geohash/

var rowGeoHash = row{
	name: "geohash", arity: -2, flags: "readonly", categories: "read geo", first: 1, last: 1, step: 1,
	group: "geo", since: "3.2.0", complexity: "O(log(N)) for each member of N", syntax: "GEOHASH key [member [member ...]]",
	summary: "Returns the places of members as geohashes of 11 letters, null for those that are not there.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZScore{Key: args[0], Members: args[1:]}, replyGeohashes}, nil
	},
}

func replyGeohashes(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Replies))
	for _, m := range r.Replies {
		if !m.Found {
			w.Null()
			continue
		}
		w.Text(geohash.OfScore(m.Score).Text())
	}
}
