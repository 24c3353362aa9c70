package command_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

func TestSortIsBounded(t *testing.T) {
	s := newShard(t)
	run := func(cmd keyspace.Command) (keyspace.Reply, error) {
		replies, err := s.Execute(t.Context(), cmd)
		if err != nil {
			return keyspace.Reply{}, err
		}
		return replies[0], nil
	}
	large := bytes.Repeat(b("x"), 1<<20)
	const elements = 65
	for i := range elements {
		for _, cmd := range []keyspace.Command{
			Push{Key: b("l"), To: keyspace.Back, Values: list(fmt.Sprint(i))}, Set{Key: b(fmt.Sprint("v", i)), Value: large},
		} {
			if _, err := run(cmd); err != nil {
				t.Fatal(err)
			}
		}
	}
	values := list("v*")
	var tooLarge *keyspace.TooLargeError
	for what, cmd := range map[string]Sort{
		"values that weigh":      {By: b("v*"), Alpha: true, Count: -1},
		"values that are read":   {Get: values, Count: -1},
		"values, by their count": {Get: slices.Repeat(list("#"), 1<<20/elements+1), Count: -1},
		"what is stored":         {Get: values, Count: 9, Into: b("d")},
	} {
		cmd.Key = b("l")
		if r, err := run(cmd); !errors.As(err, &tooLarge) {
			t.Errorf("%s: %d elements, %v", what, len(r.List), err)
		}
	}
	if r, err := run(Sort{Key: b("l"), Get: values, Count: 7, Into: b("d")}); err != nil || r.Int != 7 {
		t.Errorf("7 MiB are stored: %d, %v", r.Int, err)
	}
}
