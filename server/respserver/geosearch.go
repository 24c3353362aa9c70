package respserver

import (
	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server/resp"
)

// geoForm says which options a command that searches places takes.
type geoForm struct {
	name string
	// choose lets options say what the shape is and where; storeDist is one, store takes the
	// key to store to.
	choose, storeDist, store bool
}

// geoSearch is a search of places as it is read.
type geoSearch struct {
	geoForm
	area              command.Area
	unit              float64 // in metres
	dist, hash, coord bool
	into              []byte // nil where nothing is stored
	byDist            bool

	placed, shaped bool
}

// read reads options. The errors and their order are those of Redis.
func (g *geoSearch) read(args [][]byte) error {
	for len(args) > 0 {
		n, err := g.option(args)
		switch {
		case err != nil:
			return err
		case n == 0 || n > len(args):
			return errSyntax
		}
		args = args[n:]
	}
	return g.check()
}

// option reads one, and returns how many arguments it has; 0 for none.
func (g *geoSearch) option(args [][]byte) (n int, err error) {
	word, rest := args[0], args[1:]
	if n := g.flag(word); n > 0 {
		return n, nil
	}
	switch {
	case is(word, "COUNT") && len(rest) > 0:
		g.area.Limit, err = integer(rest[0])
		if err == nil && g.area.Limit <= 0 {
			err = refusal("ERR COUNT must be > 0")
		}
		return 2, err
	case g.store && (is(word, "STORE") || is(word, "STOREDIST")) && len(rest) > 0:
		g.into, g.byDist = rest[0], is(word, "STOREDIST")
		return 2, nil
	case g.choose:
		return g.choice(word, rest)
	}
	return 0, nil
}

// flag reads an option of one word.
func (g *geoSearch) flag(word []byte) (n int) {
	switch {
	case is(word, "WITHDIST"):
		g.dist = true
	case is(word, "WITHHASH"):
		g.hash = true
	case is(word, "WITHCOORD"):
		g.coord = true
	case is(word, "ANY"):
		g.area.Any = true
	case is(word, "ASC"):
		g.area.Order = command.NearestFirst
	case is(word, "DESC"):
		g.area.Order = command.FarthestFirst
	case is(word, "STOREDIST") && g.storeDist:
		g.byDist = true
	default:
		return 0
	}
	return 1
}

// choice reads what the area is.
func (g *geoSearch) choice(word []byte, rest [][]byte) (n int, err error) {
	shape, from := &g.area.Shape, g.area.Member != nil
	switch {
	case is(word, "FROMMEMBER") && len(rest) > 0 && (from || !g.placed):
		g.area.Member, g.placed = rest[0], true
		return 2, nil
	case is(word, "FROMLONLAT") && len(rest) > 1 && !from:
		shape.Center, err = readPoint(rest)
		g.placed = true
		return 3, err
	case is(word, "BYRADIUS") && len(rest) > 1 && !shape.Box:
		g.shaped = true
		return 3, g.circle(rest)
	case is(word, "BYBOX") && len(rest) > 2 && (shape.Box || !g.shaped):
		shape.Box, g.shaped = true, true
		return 4, g.box(rest)
	}
	return 0, nil
}

// circle reads a radius and its unit.
func (g *geoSearch) circle(args [][]byte) error {
	radius, err := float(args[0])
	switch {
	case err != nil:
		return refusal("ERR need numeric radius")
	case radius < 0:
		return refusal("ERR radius cannot be negative")
	}
	g.unit, err = readUnit(args[1])
	g.area.Shape.Radius = radius * g.unit
	return err
}

// box reads a width, a height and their unit.
func (g *geoSearch) box(args [][]byte) error {
	width, err := float(args[0])
	if err != nil {
		return refusal("ERR need numeric width")
	}
	height, err := float(args[1])
	switch {
	case err != nil:
		return refusal("ERR need numeric height")
	case width < 0 || height < 0:
		return refusal("ERR height or width cannot be negative")
	}
	g.unit, err = readUnit(args[2])
	g.area.Shape.Width, g.area.Shape.Height = width*g.unit, height*g.unit
	return err
}

// check looks at options together.
func (g *geoSearch) check() error {
	switch {
	case g.into != nil && (g.dist || g.hash || g.coord):
		what := g.name
		if g.store {
			what = "STORE option in GEORADIUS"
		}
		return refusef("ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options", what)
	case !g.placed:
		return refusef("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %s", g.name)
	case !g.shaped:
		return refusef("ERR exactly one of BYRADIUS and BYBOX can be specified for %s", g.name)
	case g.area.Any && g.area.Limit == 0:
		return refusal("ERR the ANY argument requires COUNT argument")
	}
	return nil
}

// operation returns what was read, for the places at key.
func (g *geoSearch) operation(key []byte) operation {
	if g.into == nil {
		return operation{command.GeoSearch{Key: key, Area: g.area}, g.reply}
	}
	cmd := command.GeoSearchStore{Into: g.into, Key: key, Area: g.area}
	if g.byDist {
		cmd.Unit = g.unit
	}
	return operation{cmd, replyInt}
}

// reply writes members, each with what was asked of it.
func (g *geoSearch) reply(w *resp.Writer, r keyspace.Reply) {
	more := bit(g.dist) + bit(g.hash) + bit(g.coord)
	w.Array(len(r.List))
	for i, m := range r.List {
		if more > 0 {
			w.Array(1 + int(more))
		}
		w.Bulk(m)
		if g.dist {
			writeDistance(w, r.Replies[i].Score/g.unit)
		}
		if g.hash {
			w.Int(int64(r.Scores[i]))
		}
		if g.coord {
			writePoint(w, geohash.OfScore(r.Scores[i]))
		}
	}
}
