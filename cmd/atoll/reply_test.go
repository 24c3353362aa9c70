package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRepliesInEveryForm(t *testing.T) {
	long := listReply{}
	for range 10 {
		long = append(long, []byte("x"))
	}
	for _, c := range []struct {
		name                      string
		r                         reply
		terminal, raw, line, json string
	}{
		{name: "done", r: okReply{}, terminal: "OK\n", raw: "OK\n", line: "OK\n", json: `{"ok":true}`},
		{name: "number", r: intReply(-3), terminal: "(integer) -3\n", raw: "-3\n", line: "-3\n", json: `{"value":-3}`},
		{name: "string", r: bytesReply("a \"b\""), terminal: "\"a \\\"b\\\"\"\n", raw: "a \"b\"\n", line: "a \"b\"\n", json: `{"value":"a \"b\""}`},
		{name: "markup stays readable", r: bytesReply("<&>"), terminal: "\"<&>\"\n", raw: "<&>\n", line: "<&>\n", json: `{"value":"<&>"}`},
		{name: "lines", r: bytesReply("a\nb"), terminal: "\"a\\nb\"\n", raw: "a\nb\n", line: "\"a\\nb\"\n", json: `{"value":"a\nb"}`},
		{name: "bytes", r: bytesReply("\xff\x00"), terminal: "\"\\xff\\x00\"\n", raw: "\xff\x00\n", line: "\xff\x00\n", json: `{"value_base64":"/wA="}`},
		{name: "nothing", r: nilReply{}, terminal: "(nil)\n", raw: "(nil)\n", line: "(nil)\n", json: `{"value":null}`},
		{name: "empty string", r: bytesReply{}, terminal: "\"\"\n", raw: "\n", line: "\n", json: `{"value":""}`},
		{name: "list", r: listReply{[]byte("a b"), []byte("c")}, terminal: "1) \"a b\"\n2) \"c\"\n", raw: "a b\nc\n", line: "\"a b\" c\n", json: `{"value":["a b","c"]}`},
		{name: "list of bytes", r: listReply{[]byte("a"), []byte("\xff")}, terminal: "1) \"a\"\n2) \"\\xff\"\n", raw: "a\n\xff\n", line: "a \"\\xff\"\n", json: `{"value_base64":["YQ==","/w=="]}`},
		{name: "empty list", r: listReply{}, terminal: "(empty)\n", raw: "", line: "(empty)\n", json: `{"value":[]}`},
		{name: "long list", r: long, terminal: " 1) \"x\"\n 2) \"x\"\n 3) \"x\"\n 4) \"x\"\n 5) \"x\"\n 6) \"x\"\n 7) \"x\"\n 8) \"x\"\n 9) \"x\"\n10) \"x\"\n",
			raw: strings.Repeat("x\n", 10), line: strings.TrimSpace(strings.Repeat("x ", 10)) + "\n", json: `{"value":["x","x","x","x","x","x","x","x","x","x"]}`},
		{name: "transaction", r: repliesReply{okReply{}, intReply(1), bytesReply("a b"), nilReply{}}, terminal: "1) OK\n2) (integer) 1\n3) \"a b\"\n4) (nil)\n",
			raw: "OK\n1\na b\n(nil)\n", line: "OK 1 \"a b\" (nil)\n", json: `{"value":[{"ok":true},{"value":1},{"value":"a b"},{"value":null}]}`},
		{name: "lists in a list", r: repliesReply{listReply{[]byte("a b"), []byte("c")}, repliesReply{intReply(1), listReply{}}}, terminal: "1) 1) \"a b\"\n   2) \"c\"\n2) 1) (integer) 1\n   2) (empty)\n",
			raw: "a b\nc\n1\n\n", line: "[\"a b\" c] [1 [(empty)]]\n", json: `{"value":[{"value":["a b","c"]},{"value":[{"value":1},{"value":[]}]}]}`},
		{name: "error", r: errReply{&failure{Code: "X", Message: "broken\nline", Hint: "do"}}, terminal: "(error) X broken line; do\n", raw: "(error) X broken line; do\n",
			line: "(error) X broken line; do\n", json: `{"error":{"code":"X","message":"broken\nline","hint":"do","retryable":false}}`},
		{name: "page", r: pageReply{page: "a\nb\n", doc: object{"x": 1}}, terminal: "a\nb\n", raw: "a\nb\n", line: "{\"x\":1}\n", json: `{"value":{"x":1}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range []struct {
				form form
				want string
			}{{formTerminal, c.terminal}, {formRaw, c.raw}, {formLine, c.line}, {formJSON, c.json + "\n"}} {
				got := string(appendReply(nil, c.r, f.form))
				if got != f.want {
					t.Errorf("form %d: %q, want %q", f.form, got, f.want)
				}
				if f.form == formJSON && !json.Valid([]byte(got)) {
					t.Errorf("not JSON: %s", got)
				}
				if f.form == formLine && strings.Count(got, "\n") != 1 {
					t.Errorf("not one line: %q", got)
				}
			}
		})
	}
}
