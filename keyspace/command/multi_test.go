package command_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	. "github.com/atollkv/atoll/keyspace/command"
)

// refusable are the commands that can be refused for what a key holds, and such a refusal.
func refusable() []keyspace.Command {
	return []keyspace.Command{
		Get{b("set")}, Incr{b("set"), 1}, Incr{b("word"), 1}, Incr{b("max"), 1}, ResetCounter{b("word")}, ResetCounter{b("set")},
		SAdd{b("word"), list("x")}, SRem{b("word"), list("x")}, SMembers{Key: b("word")}, SIsMember{b("word"), b("x")},
		SMIsMember{b("word"), list("x")}, SCard{b("word")}, SetIf{Key: b("set"), Value: b("x"), Old: true}, GetDel{b("set")},
		Append{b("set"), b("x"), 9}, Append{b("word"), b("x"), 4}, SetRange{b("set"), 0, b("x"), 9},
		SetRange{b("word"), math.MaxInt, b("x"), 9}, SetRange{b("word"), 8, b("xx"), 9},
	}
}

func TestARefusedCommandOfATransactionDoesNothingAndTheOthersGoOn(t *testing.T) {
	for _, cmd := range refusable() {
		t.Run(fmt.Sprintf("%s %v", cmd.Name(), cmd), func(t *testing.T) {
			s := newShard(t)
			setup := Multi{Commands: []keyspace.Command{
				Set{Key: b("word"), Value: b("word")}, Set{Key: b("max"), Value: b("9223372036854775807")}, SAdd{b("set"), list("m")},
			}}
			if _, err := run(t, s, setup); err != nil {
				t.Fatal(err)
			}
			r, err := run(t, s, Multi{Commands: []keyspace.Command{Incr{b("n"), 1}, cmd, Incr{b("n"), 1}}})
			if err != nil || r.Replies[1].Err == nil || r.Replies[2].Int != 2 {
				t.Fatalf("%+v, %v", r.Replies, err)
			}
			if !cmd.Writes() {
				return
			}
			after, err := run(t, s, Multi{Commands: []keyspace.Command{MGet{list("word", "max", "n")}, SMembers{Key: b("set")}}})
			if err != nil || fmt.Sprintf("%q %q", after.Replies[0].List, after.Replies[1].List) != `["word" "9223372036854775807" "2"] ["m"]` {
				t.Errorf("%+v, %v", after.Replies, err)
			}
		})
	}
}

func TestAnyOtherErrorUndoesATransaction(t *testing.T) {
	s := newShard(t)
	_, err := run(t, s, Multi{Commands: []keyspace.Command{Set{Key: b("k"), Value: b("v")}, SMembers{Key: b("none")}, Scan{}}})
	if !errors.Is(err, keyspace.ErrReadOnly) {
		t.Fatal(err)
	}
	if r, err := run(t, s, Exists{list("k")}); err != nil || r.Int != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRepliesAreBounded(t *testing.T) {
	s := newShard(t)
	if _, err := run(t, s, Set{Key: b("k"), Value: make([]byte, 8<<20)}); err != nil {
		t.Fatal(err)
	}
	var large *keyspace.TooLargeError
	nine := list("k", "k", "k", "k", "k", "k", "k", "k", "k")
	if _, err := run(t, s, MGet{nine}); !errors.As(err, &large) {
		t.Errorf("MGET: %v", err)
	}
	var gets []keyspace.Command
	for _, k := range nine {
		gets = append(gets, Get{k})
	}
	if _, err := run(t, s, Multi{Commands: gets}); !errors.As(err, &large) {
		t.Errorf("MULTI: %v", err)
	}
	if _, err := run(t, s, Multi{Commands: gets[1:]}); err != nil {
		t.Errorf("eight: %v", err)
	}
}
