package server

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// recorder notes which door commands came through.
type recorder struct {
	Shard // what it does not record
	door  string
}

func (r *recorder) Execute(_ context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	r.door = "execute"
	return make([]keyspace.Reply, len(cmds)), nil
}

func (r *recorder) Begin(ctx context.Context, cmds ...keyspace.Command) (func() ([]keyspace.Reply, error), error) {
	return func() ([]keyspace.Reply, error) { return r.Execute(ctx, cmds...) }, nil
}

func (r *recorder) Read(context.Context, keyspace.Command) (keyspace.Reply, error) {
	r.door = "read"
	return keyspace.Reply{}, nil
}

func TestDoChoosesTheDoor(t *testing.T) {
	get, set := command.Get{Key: []byte("k")}, command.Set{Key: []byte("k")}
	for _, c := range []struct {
		name string
		cmds []keyspace.Command
		door string
	}{
		{"one read goes to Read", []keyspace.Command{get}, "read"},
		{"one write goes to Execute", []keyspace.Command{set}, "execute"},
		{"several reads are one transaction", []keyspace.Command{get, get}, "execute"},
		{"a read and a write too", []keyspace.Command{get, set}, "execute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r recorder
			replies, err := New(Config{Shard: &r}).Do(t.Context(), "", c.cmds...)
			if err != nil || r.door != c.door || len(replies) != len(c.cmds) {
				t.Errorf("door %q, %d replies, %v", r.door, len(replies), err)
			}
		})
	}
}

func TestNamespacesAreReadOrRefusedWithTheForm(t *testing.T) {
	for text, want := range map[string]namespace.Name{"": "", "default": "", "0": "", "3": "3", "orders": "orders"} {
		if n, err := Namespace(text); err != nil || n != want {
			t.Errorf("%q is %q, %v; want %q", text, n, err, want)
		}
	}
	_, err := Namespace("16")
	if want := `NONAMESPACE: namespace "16": must be ` + namespace.Form; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestDoRefusesWithAReason(t *testing.T) {
	key := []byte("k")
	big := bytes.Repeat([]byte("x"), 11)
	limits := Limits{KeyBytes: 10, ValueBytes: 10, Elements: 3, Operations: 4}
	four := [][]byte{key, key, key, key}
	get := command.Get{Key: key}
	for _, c := range []struct {
		name  string
		space namespace.Name
		cmds  []keyspace.Command
		want  string
	}{
		{"nothing to do", "", nil, "INVALID: operations: required"},
		{"too many operations", "", []keyspace.Command{get, get, get, get, get}, "TOOLARGE: 5 operations, limit 4"},
		{"a long key", "", []keyspace.Command{command.Get{Key: big}}, "TOOLARGE: 11 key bytes, limit 10"},
		{"a long key in the second place", "orders", []keyspace.Command{get, command.Incr{Key: big}}, "TOOLARGE: 11 key bytes, limit 10"},
		{"a long value", "", []keyspace.Command{command.Set{Key: key, Value: big}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"many keys", "", []keyspace.Command{command.Delete{List: four}}, "TOOLARGE: 4 keys, limit 3"},
		{"many members", "", []keyspace.Command{command.SAdd{Key: key, Members: four}}, "TOOLARGE: 4 members, limit 3"},
		{"a long value of a field", "", []keyspace.Command{command.HSet{Key: key, Fields: []command.FieldValue{{Field: key, Value: big}}}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long value of a new field", "", []keyspace.Command{command.HSetNX{Key: key, Value: big}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long member of a sorted set", "", []keyspace.Command{command.ZIncr{Key: key, Member: big}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"a long field", "", []keyspace.Command{command.HDel{Key: key, Fields: [][]byte{big}}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"many fields", "", []keyspace.Command{command.HMGet{Key: key, Fields: four}}, "TOOLARGE: 4 members, limit 3"},
		{"a long field that is counted", "", []keyspace.Command{command.HIncr{Key: key, Field: big}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"a long member", "", []keyspace.Command{command.SRem{Key: key, Members: [][]byte{big}}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"a long member that moves", "", []keyspace.Command{command.SMove{From: key, To: key, Member: big}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"a long key to store at", "", []keyspace.Command{command.SCombineStore{Into: big, List: four[:1]}}, "TOOLARGE: 11 key bytes, limit 10"},
		{"a long value in a transaction", "", []keyspace.Command{multi(get, command.Set{Key: key, Value: big})}, "TOOLARGE: 11 value bytes, limit 10"},
		{"too many operations in a transaction", "", []keyspace.Command{multi(get, get, get, get, get)}, "TOOLARGE: 5 operations, limit 4"},
		{"one of several long values", "", []keyspace.Command{command.MSet{List: four[:2], Values: [][]byte{key, big}}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long value under a condition", "", []keyspace.Command{command.SetIf{Key: key, Value: big}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long end", "", []keyspace.Command{command.Append{Key: key, Value: big}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long part", "", []keyspace.Command{command.SetRange{Key: key, Value: big}}, "TOOLARGE: 11 value bytes, limit 10"},
		{"a long member to ask for", "", []keyspace.Command{command.SMIsMember{Key: key, Members: [][]byte{big}}}, "TOOLARGE: 11 member bytes, limit 10"},
		{"a long prefix", "", []keyspace.Command{command.Scan{Prefix: big}}, "TOOLARGE: 11 key bytes, limit 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r recorder
			_, err := New(Config{Shard: &r, Limits: limits}).Do(t.Context(), c.space, c.cmds...)
			if err == nil || Explain(err).Error() != c.want || r.door != "" {
				t.Errorf("error %v (door %q), want %s", err, r.door, c.want)
			}
		})
	}
}

func multi(cmds ...keyspace.Command) keyspace.Command { return command.Multi{Commands: cmds} }

func TestPayloadOfATransaction(t *testing.T) {
	key := []byte("k")
	frees := multi(command.Get{Key: key}, command.GetDel{Key: key}, command.SRem{Key: key, Members: [][]byte{key}}, command.SPop{Key: key})
	if n := PayloadBytes([]keyspace.Command{frees}); n != 5 || !OnlyFrees([]keyspace.Command{frees}) {
		t.Errorf("%d bytes", n)
	}
	scores := multi(command.ZRem{Key: key, Members: [][]byte{key}}, command.ZPop{List: [][]byte{key}, Count: 1}, command.ZRemRange{Key: key})
	if n := PayloadBytes([]keyspace.Command{scores}); n != 4 || !OnlyFrees([]keyspace.Command{scores}) {
		t.Errorf("%d bytes of sorted sets", n)
	}
	grows := multi(command.ZAdd{Key: key, Members: []keyspace.Scored{{Member: key}, {Member: key}}}, command.ZIncr{Key: key, Member: key})
	if n := PayloadBytes([]keyspace.Command{grows}); n != 5 || OnlyFrees([]keyspace.Command{grows}) {
		t.Errorf("%d bytes of scores", n)
	}
	entries := multi(command.XDel{Key: key}, command.XTrim{Key: key}, command.XRange{Key: key})
	if n := PayloadBytes([]keyspace.Command{entries}); n != 3 || !OnlyFrees([]keyspace.Command{entries}) {
		t.Errorf("%d bytes of a stream", n)
	}
	added := command.XAdd{Key: key, Fields: [][]byte{key, key}}
	if n := PayloadBytes([]keyspace.Command{added}); n != 3 || OnlyFrees([]keyspace.Command{added}) {
		t.Errorf("%d bytes of an entry", n)
	}
	group := command.GroupOf{Key: key, Group: key}
	acked := multi(command.XAck{GroupOf: group}, command.XGroupDelConsumer{GroupOf: group, Consumer: key}, command.XGroupDestroy{GroupOf: group}, command.XPending{GroupOf: group})
	if n := PayloadBytes([]keyspace.Command{acked}); n != 4 || !OnlyFrees([]keyspace.Command{acked}) {
		t.Errorf("%d bytes of what a group lets go", n)
	}
	for _, given := range []keyspace.Command{
		command.XGroupCreate{GroupOf: group}, command.XGroupCreateConsumer{GroupOf: group, Consumer: key}, command.XClaim{GroupOf: group, Consumer: key},
		command.XAutoClaim{GroupOf: group, Consumer: key}, command.XReadGroup{Streams: []command.ReadAs{{GroupOf: group}}, Consumer: key},
	} {
		if n := PayloadBytes([]keyspace.Command{given}); n != 2 || OnlyFrees([]keyspace.Command{given}) {
			t.Errorf("%d bytes of %s", n, given.Name())
		}
	}
	if OnlyFrees([]keyspace.Command{multi(command.GetDel{Key: key}, command.Set{Key: key})}) {
		t.Error("a transaction that sets only frees")
	}
}

func TestClockGateStopsWritesOnly(t *testing.T) {
	d := New(Config{Shard: &recorder{}, Clock: func() error { return errors.New("900ms ahead") }})
	get, set := command.Get{Key: []byte("k")}, command.Set{Key: []byte("k")}
	if _, err := d.Do(t.Context(), "", get, get); err != nil {
		t.Errorf("reads: %v", err)
	}
	if _, err := d.Do(t.Context(), "", get, set); Explain(err).Code != CodeClock {
		t.Errorf("write: %v", err)
	}
}

func TestDrainRefusesWhatComesLater(t *testing.T) {
	d := New(Config{Shard: &recorder{}})
	d.Drain()
	d.Drain()
	_, err := d.Do(t.Context(), "", command.Get{Key: []byte("k")})
	if e := Explain(err); e.Code != CodeDraining || !e.Retryable {
		t.Errorf("error = %v", err)
	}
	<-d.Draining()
}

func TestPassedDeadlineRunsNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	var r recorder
	_, err := New(Config{Shard: &r}).Do(ctx, "", command.Get{Key: []byte("k")})
	if Explain(err).Code != CodeTimeout || r.door != "" {
		t.Errorf("error = %v, door %q", err, r.door)
	}
}

// turns answers that a command is to run again, some times.
type turns struct {
	Shard
	left, ran int
}

func (s *turns) Execute(_ context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	s.ran++
	s.left--
	return append(make([]keyspace.Reply, len(cmds)-1), keyspace.Reply{Again: s.left >= 0, Int: int64(s.ran)}), nil
}

func TestWhatCameToNoEndRunsAgain(t *testing.T) {
	set := command.Set{Key: []byte("k")}
	s := &turns{left: 3}
	if r, err := New(Config{Shard: s}).DoOne(t.Context(), "", set); err != nil || r.Int != 4 {
		t.Errorf("ran %d times, %v", r.Int, err)
	}
	s = &turns{left: 3}
	if r, err := New(Config{Shard: s}).Do(t.Context(), "", set, set); err != nil || r[1].Int != 1 {
		t.Errorf("a transaction ran %d times, %v", r[1].Int, err)
	}
}
