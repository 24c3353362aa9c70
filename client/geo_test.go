package client_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestGeo(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	sicily := db.Geo("sicily")
	palermo := client.Place{Member: "Palermo", Point: client.Point{Longitude: 13.361389, Latitude: 38.115556}}
	catania := client.Place{Member: "Catania", Point: client.Point{Longitude: 15.087269, Latitude: 37.502669}}
	n, err := sicily.Add(ctx, palermo, catania)
	check(t, err)
	equal(t, "added", n, 2)
	results, err := db.Txn().GeoAdd("sicily", "", client.Point{}).GeoAdd("sicily", "Palermo", palermo.Point).Commit(ctx)
	check(t, err)
	equal(t, "in a transaction", [2]int64{results[0].Int, results[1].Int}, [2]int64{1, 0})
	at, hash, err := sicily.Position(ctx, "Palermo")
	check(t, err)
	equal(t, "geohash", hash, "sqc8b49rny0")
	if math.Abs(at.Longitude-palermo.Longitude) > 1e-5 || math.Abs(at.Latitude-palermo.Latitude) > 1e-5 {
		t.Errorf("Palermo is at %v", at)
	}
	metres, err := sicily.Distance(ctx, "Palermo", "Catania")
	check(t, err)
	equal(t, "distance", fmt.Sprintf("%.1f", metres), "166274.2")

	center := client.Around(client.Point{Longitude: 15, Latitude: 37})
	for _, c := range []struct {
		name, want string
		area       client.Area
	}{
		{"a circle", "Catania:56 Palermo:190 ", center.Within(200_000).Nearest(0)},
		{"the farthest", "Palermo:190 ", center.Within(200_000).Farthest(1)},
		{"one of them", "Catania:56 ", center.Within(100_000).Any(5)},
		{"a box", "Catania:56 Palermo:190 ", center.WithinBox(400_000, 400_000).Nearest(9)},
		{"a box that was a circle", "Catania:56 ", center.Within(1e6).WithinBox(100_000, 200_000)},
		{"around a member", "Palermo:0 Catania:166 ", client.AroundMember("Palermo").Within(170_000).Nearest(0)},
		{"around the empty member", ":0 ", client.AroundMember("").Within(1)},
	} {
		found, err := sicily.Search(ctx, c.area)
		check(t, err)
		got := ""
		for _, f := range found {
			got += fmt.Sprintf("%s:%.0f ", f.Member, f.Metres/1000)
		}
		equal(t, c.name, got, c.want)
	}
	n, err = sicily.Store(ctx, "near", center.Within(100_000))
	check(t, err)
	equal(t, "stored", n, 1)
	_, hash, err = db.Geo("near").Position(ctx, "Catania")
	check(t, err)
	equal(t, "its place", hash, "sqdtr74hyu0")
	n, err = sicily.StoreDistances(ctx, "near", center.Within(200_000))
	check(t, err)
	equal(t, "stored with distances", n, 2)
	score, err := db.SortedSet("near").Score(ctx, "Catania")
	check(t, err)
	equal(t, "its distance", math.Round(score), 56441)
	n, err = sicily.Remove(ctx, "Palermo", "Rome")
	check(t, err)
	equal(t, "removed", n, 1)
	deleted, err := sicily.Delete(ctx)
	check(t, err)
	equal(t, "deleted", deleted, true)
}

func TestGeoErrors(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	g := db.Geo("g")
	_, err := g.Add(ctx, client.Place{Member: "m", Point: client.Point{Longitude: 1, Latitude: 1}})
	check(t, err)
	here := client.Around(client.Point{})
	for name, call := range map[string]func() error{
		"a place that is none": func() error {
			_, err := g.Add(ctx, client.Place{Member: "m", Point: client.Point{Latitude: 86}})
			return err
		},
		"a number that is none": func() error {
			_, err := g.Add(ctx, client.Place{Point: client.Point{Longitude: math.NaN()}})
			return err
		},
		"no members":              func() error { _, err := g.Add(ctx); return err },
		"no shape":                func() error { _, err := g.Search(ctx, here); return err },
		"no center":               func() error { _, err := g.Search(ctx, client.Area{}.Within(1)); return err },
		"a negative radius":       func() error { _, err := g.Search(ctx, here.Within(-1)); return err },
		"an endless radius":       func() error { _, err := g.Search(ctx, here.Within(math.Inf(1))); return err },
		"a height that is none":   func() error { _, err := g.Search(ctx, here.WithinBox(1, math.NaN())); return err },
		"any without a limit":     func() error { _, err := g.Search(ctx, here.Within(1).Any(0)); return err },
		"around somebody missing": func() error { _, err := g.Search(ctx, client.AroundMember("x").Within(1)); return err },
		"store nowhere":           func() error { _, err := g.Store(ctx, "", here.Within(1)); return err },
	} {
		if err := call(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err = g.Position(ctx, "x")
	_, apart := g.Distance(ctx, "m", "x")
	if !errors.Is(err, client.ErrNotFound) || !errors.Is(apart, client.ErrNotFound) {
		t.Errorf("a missing member: %v, %v", err, apart)
	}
	if found, err := db.Geo("nothing").Search(ctx, client.AroundMember("x").Within(1)); err != nil || found != nil {
		t.Errorf("search nothing: %v %v", found, err)
	}
	check(t, db.Register("text").Set(ctx, []byte("x")))
	if _, err := db.Geo("text").Search(ctx, here.Within(1)); !errors.Is(err, client.ErrWrongType) {
		t.Errorf("search a string: %v", err)
	}
}
