package command_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// Far ends, so that none comes while the test runs.
var (
	soon  = time.Now().Add(24 * time.Hour).UnixMilli()
	later = soon + 1000
)

func at(ms int64) Lifetime { return Lifetime{As: EndsAt, Millis: ms} }

func TestExpireIf(t *testing.T) {
	for name, c := range map[string]struct {
		old, new int64 // 0 is none
		want     bool
		If       ExpireIf
	}{
		"no condition":                {0, soon, true, ExpireIf{}},
		"no condition, there is one":  {later, soon, true, ExpireIf{}},
		"NX, there is none":           {0, soon, true, ExpireIf{Without: true}},
		"NX, there is one":            {later, soon, false, ExpireIf{Without: true}},
		"XX, there is none":           {0, soon, false, ExpireIf{With: true}},
		"XX, there is one":            {later, soon, true, ExpireIf{With: true}},
		"GT, there is none: infinite": {0, soon, false, ExpireIf{Later: true}},
		"GT, later":                   {soon, later, true, ExpireIf{Later: true}},
		"GT, the same":                {soon, soon, false, ExpireIf{Later: true}},
		"GT, sooner":                  {later, soon, false, ExpireIf{Later: true}},
		"LT, there is none: infinite": {0, soon, true, ExpireIf{Sooner: true}},
		"LT, later":                   {soon, later, false, ExpireIf{Sooner: true}},
		"LT, the same":                {soon, soon, false, ExpireIf{Sooner: true}},
		"LT, sooner":                  {later, soon, true, ExpireIf{Sooner: true}},
		"XX and LT, there is none":    {0, soon, false, ExpireIf{With: true, Sooner: true}},
		"XX and GT, later":            {soon, later, true, ExpireIf{With: true, Later: true}},
		"GT, in the past":             {soon, 5, false, ExpireIf{Later: true}},
		"LT, in the past: deleted":    {soon, 5, true, ExpireIf{Sooner: true}},
		"the epoch is past, not none": {soon, 0, true, ExpireIf{}},
		"before the epoch":            {soon, math.MinInt64, true, ExpireIf{}},
	} {
		s := newShard(t)
		life := Lifetime{}
		if c.old > 0 {
			life = at(c.old)
		}
		if _, err := run(t, s, Set{Key: b("k"), Value: b("v"), Life: life}); err != nil {
			t.Fatal(err)
		}
		r, err := run(t, s, Expire{Key: b("k"), Life: at(c.new), If: c.If})
		if err != nil || (r.Int == 1) != c.want {
			t.Errorf("%s: %d %v", name, r.Int, err)
		}
		want := keyspace.Reply{Found: true, Int: max(c.old, 0)}
		switch {
		case c.want && c.new < soon:
			want = keyspace.Reply{Int: NoKey}
		case c.want:
			want.Int = c.new
		case c.old == 0:
			want.Int = NoDeadline
		}
		if got, err := run(t, s, TTL{Key: b("k"), Absolute: true}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: TTL %+v, want %+v", name, got, want)
		}
	}
}

func TestWhatKeepsADeadlineAndWhatDoesNot(t *testing.T) {
	key := b("k")
	for name, c := range map[string]struct {
		cmd  keyspace.Command
		want int64
	}{
		"SET":                {Set{Key: key, Value: b("7")}, NoDeadline},
		"SET KEEPTTL":        {Set{Key: key, Value: b("7"), Life: Lifetime{As: EndsAsBefore}}, soon},
		"SET PXAT":           {Set{Key: key, Value: b("7"), Life: at(later)}, later},
		"SET PXAT past":      {Set{Key: key, Value: b("7"), Life: at(9)}, NoKey},
		"SET XX GET":         {SetIf{Key: key, Value: b("7"), Present: true, Old: true}, NoDeadline},
		"SET XX KEEPTTL":     {SetIf{Key: key, Value: b("7"), Present: true, Life: Lifetime{As: EndsAsBefore}}, soon},
		"SET NX PXAT":        {SetIf{Key: key, Value: b("7"), Absent: true, Life: at(later)}, soon},
		"MSET":               {MSet{List: [][]byte{key}, Values: [][]byte{b("7")}}, NoDeadline},
		"APPEND":             {Append{Key: key, Value: b("7"), Max: 9}, soon},
		"SETRANGE":           {SetRange{Key: key, Value: b("7"), Max: 9}, soon},
		"INCRBY":             {Incr{Key: key, Delta: 1}, soon},
		"PERSIST":            {Persist{Key: key}, NoDeadline},
		"GETEX":              {GetEx{Key: key}, soon},
		"GETEX PERSIST":      {GetEx{Key: key, Persist: true}, NoDeadline},
		"GETEX PXAT":         {GetEx{Key: key, Life: at(later)}, later},
		"GETEX PXAT past":    {GetEx{Key: key, Life: at(9)}, NoKey},
		"DEL":                {Delete{List: [][]byte{key}}, NoKey},
		"GETDEL":             {GetDel{Key: key}, NoKey},
		"SUNIONSTORE into k": {SCombineStore{As: Union, Into: key, List: [][]byte{b("s")}}, NoDeadline},
		"what nodes do":      {Reap{Key: key}, soon},
	} {
		s := newShard(t)
		for _, cmd := range []keyspace.Command{SAdd{Key: b("s"), Members: list("a")}, Set{Key: key, Value: b("5"), Life: at(soon)}, c.cmd} {
			if _, err := run(t, s, cmd); err != nil {
				t.Fatal(name, err)
			}
		}
		if got, err := run(t, s, TTL{Key: key, Absolute: true}); err != nil || got.Int != c.want {
			t.Errorf("%s: %+v %v, want %d", name, got, err, c.want)
		}
	}
	s := newShard(t)
	if r, err := run(t, s, GetEx{Key: b("none"), Life: at(later)}); err != nil || r.Found {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := run(t, s, Persist{Key: b("none")}); err != nil || r.Found {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := run(t, s, TTL{Key: b("none")}); err != nil || r.Found || r.Int != NoKey {
		t.Errorf("%+v %v", r, err)
	}
}

func TestTimesBeyondAllNumbers(t *testing.T) {
	s := newShard(t)
	if _, err := run(t, s, Set{Key: b("k"), Value: b("v")}); err != nil {
		t.Fatal(err)
	}
	never := Lifetime{As: EndsIn, Millis: math.MaxInt64, Of: "pexpire"}
	for name, cmd := range map[string]keyspace.Command{
		"EXPIRE": Expire{Key: b("k"), Life: never}, "SET": Set{Key: b("k"), Value: b("w"), Life: never},
		"GETEX": GetEx{Key: b("k"), Life: never}, "SETIF": SetIf{Key: b("k"), Value: b("w"), Life: never},
	} {
		var life *LifetimeError
		if _, err := run(t, s, cmd); !errors.As(err, &life) || err.Error() != "invalid expire time in 'pexpire' command" {
			t.Errorf("%s: %v", name, err)
		}
		r, err := run(t, s, Multi{Commands: []keyspace.Command{cmd, Get{Key: b("k")}}})
		if err != nil || !errors.As(r.Replies[0].Err, &life) || string(r.Replies[1].Value) != "v" {
			t.Errorf("%s in a transaction: %+v %v", name, r, err)
		}
	}
	if got := (&LifetimeError{}).Error(); got != "invalid expire time" {
		t.Error(got)
	}
	if _, err := run(t, s, Expire{Key: b("k"), Life: at(math.MaxInt64)}); err != nil {
		t.Error(err)
	}
	if r, err := run(t, s, TTL{Key: b("k"), Absolute: true}); err != nil || r.Int != math.MaxInt64 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReissueOfDeadlines(t *testing.T) {
	u := crdt.Update{Changes: []crdt.Change{
		{Key: b("a"), Clear: true, Assign: true, Value: b("v"), Expiry: &crdt.Expiry{At: soon}},
		{Key: b("b"), Expiry: &crdt.Expiry{At: later, Rest: true}},
		{Key: b("c"), Expiry: &crdt.Expiry{At: crdt.Never}},
		{Key: b("d"), Removes: list("x"), Unclaim: true, Expiry: &crdt.Expiry{None: true}},
		{Key: b("e"), Clear: true, Assign: true, Value: b("v"), Expiry: &crdt.Expiry{At: crdt.Never}},
		{Key: b("f"), Adds: list("x"), Expiry: &crdt.Expiry{At: soon, Rest: true}},
	}}
	want := []keyspace.Command{
		Set{Key: b("a"), Value: b("v"), Life: at(soon)},
		Expire{Key: b("b"), Life: at(later)},
		Persist{Key: b("c")},
		SRem{Key: b("d"), Members: list("x")},
		Set{Key: b("e"), Value: b("v")},
		SAdd{Key: b("f"), Members: list("x")}, Expire{Key: b("f"), Life: at(soon)},
	}
	if got := Reissue(&u); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
