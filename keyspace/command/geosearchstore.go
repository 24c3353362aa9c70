package command

import "github.com/atollkv/atoll/keyspace"

// GeoSearchStore puts the members of a sorted set of places in an area in the place of
// whatever Into holds, as one update; nothing found deletes Into. Unit, unless it is 0, is the
// length in metres by which distances are kept as scores, in the place of places. Reply:
// Int, how many members it has. The errors are those of GeoSearch.
// https://redis.io/commands/geosearchstore
type GeoSearchStore struct {
	Into, Key []byte
	Area      Area
	Unit      float64
}

// Name implements keyspace.Command.
func (GeoSearchStore) Name() string { return "GEOSEARCHSTORE" }

// Keys implements keyspace.Command.
func (c GeoSearchStore) Keys() [][]byte { return [][]byte{c.Into, c.Key} }

// Writes implements keyspace.Command.
func (GeoSearchStore) Writes() bool { return true }

// Run implements keyspace.Command.
func (c GeoSearchStore) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	found, err := c.Area.find(tx, c.Key)
	if err != nil {
		return keyspace.Reply{}, err
	}
	list := make([]keyspace.Scored, len(found))
	for i, x := range found {
		if list[i] = x.Scored; c.Unit > 0 {
			list[i].Score = x.metres / c.Unit
		}
	}
	return storeScored(tx, c.Into, list, "geosearchstore")
}
