package grpcserver

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/atollkv/atoll/server"
)

func TestValuesOfReplies(t *testing.T) {
	for reply, want := range map[string]string{
		"_\r\n":                           "",
		"+OK\r\n":                         `status:"OK"`,
		"$3\r\na\r\n\r\n":                 `text:"a\r\n"`,
		"$0\r\n\r\n":                      `text:""`,
		":-7\r\n":                         "integer:-7",
		",1.5\r\n":                        "number:1.5",
		",inf\r\n":                        "number:inf",
		"*0\r\n":                          "list:{}",
		"~2\r\n:1\r\n*1\r\n_\r\n":         "list:{values:{integer:1} values:{list:{values:{}}}}",
		"%1\r\n$1\r\nk\r\n:1\r\n":         `map:{values:{text:"k"} values:{integer:1}}`,
		"*2\r\n$1\r\na\r\n$2\r\nbc\r\n":   `list:{values:{text:"a"} values:{text:"bc"}}`,
		"*1\r\n*1\r\n$1\r\na\r\n":         `list:{values:{list:{values:{text:"a"}}}}`,
		"*2\r\n$1\r\na\r\n,0.25\r\n":      `list:{values:{text:"a"} values:{number:0.25}}`,
		"*3\r\n_\r\n+a\r\n$1\r\n\x00\r\n": `list:{values:{} values:{status:"a"} values:{text:"\x00"}}`,
	} {
		v, err := valueOf([]byte(reply))
		if err != nil {
			t.Errorf("%q: %v", reply, err)
			continue
		}
		got := strings.ReplaceAll(prototext.MarshalOptions{}.Format(v), "  ", " ")
		if got != want {
			t.Errorf("%q is %s, want %s", reply, got, want)
		}
	}
}

func TestRepliesThatAreNone(t *testing.T) {
	for _, reply := range []string{"", "\r\n", "+OK", ":x\r\n", ",x\r\n", "$5\r\nabc\r\n", "$-1\r\n", "*1\r\n", "%1\r\n:1\r\n", "!3\r\nabc\r\n", "_\r\n_\r\n", "*999999999\r\n"} {
		if v, err := valueOf([]byte(reply)); err == nil {
			t.Errorf("%q is %v", reply, v)
		}
	}
	var told *server.Error
	if _, err := valueOf([]byte("-ERR no\r\n")); !errors.As(err, &told) || told.Message != "no" || told.Code != server.CodeInvalid {
		t.Errorf("an error: %v", err)
	}
}
