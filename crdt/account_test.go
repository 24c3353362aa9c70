package crdt

import (
	"errors"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// What each change of a cell of a bounded counter is to others than its writer: taken, or refused as what
// nobody can have written.
func TestAccountTable(t *testing.T) {
	own, other := AccountName(dot(0x33, 1), 0x11), AccountName(dot(0x33, 1), 0x22)
	add := func(n int64) *Increment { return &Increment{Base: 1, Total: TotalOf(n), Delta: TotalOf(n)} }
	for name, c := range map[string]struct {
		change  FieldChange
		replays clock.Dot
		ok      bool
	}{
		"a bound":                                 {FieldChange{BoundName(), Edit{Assign: true, Value: AppendAmount(nil, -5)}}, clock.Dot{}, true},
		"a bound of seven bytes":                  {FieldChange{BoundName(), Edit{Assign: true, Value: make([]byte, 7)}}, clock.Dot{}, false},
		"rights in the definition":                {FieldChange{BoundName(), Edit{Increment: add(1)}}, clock.Dot{}, false},
		"new rights":                              {FieldChange{own, Edit{Increment: add(5)}}, clock.Dot{}, true},
		"a spend":                                 {FieldChange{own, Edit{Increment: add(-5)}}, clock.Dot{}, true},
		"rights for another":                      {FieldChange{other, Edit{Increment: add(5)}}, clock.Dot{}, true},
		"a spend of what another holds":           {FieldChange{other, Edit{Increment: add(-5)}}, clock.Dot{}, false},
		"a spend of another that is issued again": {FieldChange{other, Edit{Increment: add(-5)}}, dot(0x22, 4), true},
		"half a right":                            {FieldChange{own, Edit{Increment: &Increment{Base: 1, Total: TotalOfFloat(0.5), Delta: TotalOfFloat(0.5)}}}, clock.Dot{}, false},
		"a wish":                                  {FieldChange{own, Edit{Assign: true, Value: AppendAmount(nil, 5)}}, clock.Dot{}, true},
		"a wish for nothing":                      {FieldChange{own, Edit{Assign: true, Value: AppendAmount(nil, 0)}}, clock.Dot{}, false},
		"the wish of another":                     {FieldChange{other, Edit{Assign: true, Value: AppendAmount(nil, 5)}}, clock.Dot{}, false},
		"what is left by an incarnation":          {FieldChange{other, Edit{Clear: true}}, clock.Dot{}, true},
		"no account":                              {FieldChange{[]byte("abc"), Edit{Increment: add(5)}}, clock.Dot{}, false},
		"an account of nobody":                    {FieldChange{AccountName(dot(0x33, 1), 0), Edit{Increment: add(5)}}, clock.Dot{}, false},
		"an account of no bounded counter":        {FieldChange{AccountName(clock.Dot{}, 0x11), Edit{Increment: add(5)}}, clock.Dot{}, false},
	} {
		u := Update{Replays: c.replays, Changes: []Change{{Key: []byte("b"), Accounts: []FieldChange{c.change}}}}
		err := u.Check(dot(0x11, 9))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
