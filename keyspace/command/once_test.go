package command

import (
	"reflect"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// An operation that is issued again keeps its id: another region may have been asked for it meanwhile.
func TestAnOperationThatIsIssuedAgainKeepsItsID(t *testing.T) {
	key := namespace.Default.Key([]byte("k"))
	inc := &crdt.Increment{Base: 1, Total: crdt.TotalOf(7), Delta: crdt.TotalOf(3)}
	for name, c := range map[string]struct {
		change crdt.Change
		want   Counting
	}{
		"string":                {crdt.Change{Key: key, Increment: inc}, IncrFloat{Key: []byte("k"), Delta: crdt.TotalOf(3)}},
		"string that had ended": {crdt.Change{Key: key, Clear: true, Increment: inc}, IncrFloat{Key: []byte("k"), Delta: crdt.TotalOf(3)}},
		"field":                 {crdt.Change{Key: key, Fields: []crdt.FieldChange{{Name: []byte("f"), Edit: crdt.Edit{Increment: inc}}}}, HIncrFloat{Key: []byte("k"), Field: []byte("f"), Delta: crdt.TotalOf(3)}},
		"score":                 {crdt.Change{Key: key, Scores: []crdt.FieldChange{{Name: []byte("f"), Edit: crdt.Edit{Increment: inc}}}}, ZIncr{Key: []byte("k"), Member: []byte("f"), Delta: 3}},
	} {
		u := crdt.Update{Once: &crdt.Once{ID: []byte("x")}, Changes: []crdt.Change{c.change}}
		want := []keyspace.Command{Once{ID: []byte("x"), Retry: true, Do: c.want}}
		if got := Reissue(&u); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
