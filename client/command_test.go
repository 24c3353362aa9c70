package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
)

func TestCommand(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	for _, c := range []struct{ words, want string }{
		{"APPEND text Hello", "5"},
		{"getrange text 1 3", `"ell"`},
		{"MGET text nothing", `["Hello" <nil>]`},
		{"SADD s b a c", "3"},
		{"SMISMEMBER s a x", "[1 0]"},
		{"SINTER s s", `["a" "b" "c"]`},
		{"SPOP s 9", `["a" "b" "c"]`},
		{"ZADD z 1.5 m", "1"},
		{"ZSCORE z m", "1.5"},
		{"ZRANGE z 0 -1 WITHSCORES", `[["m" 1.5]]`},
		{"HSET h f v g w", "2"},
		{"HGETALL h", `["f" "v" "g" "w"]`},
		{"INCRBYFLOAT n 0.5", `"0.5"`},
		{"OBJECT ENCODING text", `"embstr"`},
		{"GEOADD g 15 37 here", "1"},
		{"GEOSEARCH g FROMMEMBER here BYRADIUS 1 KM WITHDIST", `[["here" "0.0000"]]`},
		{"SET text x NX", "<nil>"},
		{"XADD log 1-1 f v", `"1-1"`},
		{"XREAD COUNT 1 STREAMS log 0", `["log" [["1-1" ["f" "v"]]]]`},
		{"ATOLL.ONCE x INCR i", "1"},
		{"ATOLL.AGAIN x INCR i", "1"},
		{"ATOLL.AGAIN x INCRBYFLOAT i 1.0", `"1"`},
		{"DEL i", "1"},
		{"DBSIZE", "6"},
	} {
		words := strings.Fields(c.words)
		got, err := db.Command(ctx, words[0], words[1:]...)
		check(t, err)
		equal(t, c.words, fmt.Sprintf("%#v", printed{got}), c.want)
	}
}

func TestCommandsInATransaction(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	results, err := db.Txn().SAdd("s", "a").Command("SADD", "s", "b").Command("SMEMBERS", "s").Command("SPOP", "s", "5").Commit(ctx)
	check(t, err)
	got := ""
	for _, r := range results[1:] {
		got += fmt.Sprintf("%#v ", printed{r.Reply})
	}
	equal(t, "replies", got, `1 ["a" "b"] ["a" "b"] `)
	for _, refused := range []*client.Txn{
		db.Txn().Incr("n", 1).Command("RANDOMKEY"), db.Txn().Incr("n", 1).Command("SETBIT", "n", "0", "2"), db.Txn().Incr("n", 1).Command("LSET", "x", "0", "y"),
		db.Txn().Command("ATOLL.ONCE", "x", "INCR", "n"), db.Txn().Incr("n", 1).Command("ATOLL.AGAIN", "x", "INCR", "n"),
	} {
		if _, err := refused.Commit(ctx); err == nil {
			t.Error("it was committed")
		}
	}
	if n, err := db.Exists(ctx, "n"); n != 0 || err != nil {
		t.Errorf("half of a transaction: %d %v", n, err)
	}
}

// printed prints a reply with quotes around texts.
type printed struct{ reply any }

func (p printed) GoString() string {
	list, isList := p.reply.([]any)
	if text, isText := p.reply.(string); isText {
		return fmt.Sprintf("%q", text)
	}
	if !isList {
		return fmt.Sprint(p.reply)
	}
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = printed{one}.GoString()
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func TestCommandsThatAreRefused(t *testing.T) {
	ctx, db := t.Context(), clienttest.NewServer(t).Dial(t)
	check(t, db.Register("text").Set(ctx, []byte("x")))
	_, err := db.Set("s").Add(ctx, "m")
	check(t, err)
	for _, c := range []struct {
		words, message string
		want           error
	}{
		{"NOSUCH x", "unknown command 'NOSUCH'", client.ErrInvalid},
		{"EVAL x 0", "not supported by this server", client.ErrInvalid},
		{"GET", "wrong number of arguments for 'get' command", client.ErrInvalid},
		{"SET text x NX XX", "syntax error", client.ErrInvalid},
		{"BITCOUNT text 0 1 WORD", "syntax error", client.ErrInvalid},
		{"GEOSEARCH nothing FROMLONLAT 1 2 ASC WITHDIST WITHHASH", "exactly one of BYRADIUS and BYBOX", client.ErrInvalid},
		{"HINCRBY h f x", "value is not an integer", client.ErrInvalid},
		{"GETBIT text x", "bit offset is not an integer or out of range", client.ErrInvalid},
		{"SELECT 0", "'select' is about a connection or a node", client.ErrInvalid},
		{"SUBSCRIBE x", "'subscribe' is about a connection or a node", client.ErrInvalid},
		{"OBJECT NOSUCH x", "unknown subcommand", client.ErrInvalid},
		{"OBJECT FREQ text", "An LFU maxmemory policy is not selected", client.ErrInvalid},
		{"GET s", "wrong kind of value", client.ErrWrongType},
		{"INCRBY text 1", "", client.ErrNotInteger},
		{"LSET nothing 0 x", "no such key", client.ErrNotFound},
		{"SETRANGE text 99999999 x", "", client.ErrTooLarge},
		{"SADD s " + strings.Repeat("m", 70_000), "70000 member bytes, limit 65536", client.ErrTooLarge},
	} {
		words := strings.Fields(c.words)
		_, err := db.Command(ctx, words[0], words[1:]...)
		var known *client.Error
		if !errors.Is(err, c.want) || !errors.As(err, &known) || !strings.Contains(known.Message, c.message) || strings.HasPrefix(known.Message, "ERR") {
			t.Errorf("%.40s: %v", c.words, err)
		}
	}
}
