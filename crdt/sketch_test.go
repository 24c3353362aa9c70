package crdt

import (
	"errors"
	"testing"
)

// What each change of a cell of a HyperLogLog is to others: taken, or refused.
func TestSketchTable(t *testing.T) {
	for name, c := range map[string]struct {
		change FieldChange
		ok     bool
	}{
		"the least rank":      {FieldChange{SketchName(7), Edit{Assign: true, Value: []byte{1}}}, true},
		"the greatest":        {FieldChange{SketchName(7), Edit{Assign: true, Value: []byte{51}}}, true},
		"rank 0":              {FieldChange{SketchName(7), Edit{Assign: true, Value: []byte{0}}}, false},
		"rank 52":             {FieldChange{SketchName(7), Edit{Assign: true, Value: []byte{52}}}, false},
		"two ranks":           {FieldChange{SketchName(7), Edit{Assign: true, Value: []byte{1, 1}}}, false},
		"no rank":             {FieldChange{SketchName(7), Edit{Assign: true}}, false},
		"a removal":           {FieldChange{SketchName(7), Edit{Clear: true}}, false},
		"an increment":        {FieldChange{SketchName(7), Edit{Increment: &Increment{Base: 1, Total: TotalOf(1), Delta: TotalOf(1)}}}, false},
		"the mark":            {FieldChange{SketchMark(), Edit{Assign: true}}, true},
		"a mark with a rank":  {FieldChange{SketchMark(), Edit{Assign: true, Value: []byte{1}}}, false},
		"a register too many": {FieldChange{SketchName(SketchRegisters), Edit{Assign: true, Value: []byte{1}}}, false},
		"no register":         {FieldChange{[]byte{1}, Edit{Assign: true, Value: []byte{1}}}, false},
	} {
		u := Update{Changes: []Change{{Key: []byte("h"), Ranks: []FieldChange{c.change}}}}
		err := u.Check(dot(0x11, 9))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
