package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/atollkv/atoll/internal/words"
)

// form is a way to write replies.
type form int

const (
	formTerminal form = iota // as redis-cli on a terminal
	formRaw                  // into a pipe: bytes as they are, one element a line
	formLine                 // replies to piped commands: exactly one line each
	formJSON                 // one JSON value on one line
)

// reply is what a command answers. Replies are data; how they look is decided by the form.
type reply interface {
	// text appends the reply for people or pipes, without the final line break.
	text(dst []byte, f form) []byte
	// document is the reply as a value for encoding/json.
	document() any
	exit() int
}

type (
	okReply    struct{}
	intReply   int64
	bytesReply []byte
	// statusReply is a fixed word, as the name of a type.
	statusReply string
	nilReply    struct{}
	listReply   [][]byte
	// repliesReply holds the replies of a transaction, or a list of more than strings.
	repliesReply []reply
	errReply     struct{ *failure }
	// pageReply is a prepared page: text for people, a document for programs.
	pageReply struct {
		page string
		doc  any
		code int
	}
)

type object map[string]any

func (okReply) text(dst []byte, _ form) []byte { return append(dst, "OK"...) }
func (okReply) document() any                  { return object{"ok": true} }
func (okReply) exit() int                      { return exitOK }

func (r intReply) text(dst []byte, f form) []byte {
	if f == formTerminal {
		dst = append(dst, "(integer) "...)
	}
	return strconv.AppendInt(dst, int64(r), 10)
}
func (r intReply) document() any { return object{"value": int64(r)} }
func (intReply) exit() int       { return exitOK }

func (r bytesReply) text(dst []byte, f form) []byte {
	switch {
	case f == formTerminal, f == formLine && bytes.ContainsAny(r, "\r\n"):
		return words.Quote(dst, r)
	}
	return append(dst, r...)
}

func (r bytesReply) document() any {
	if utf8.Valid(r) {
		return object{"value": string(r)}
	}
	return object{"value_base64": base64.StdEncoding.EncodeToString(r)}
}
func (bytesReply) exit() int { return exitOK }

func (r statusReply) text(dst []byte, _ form) []byte { return append(dst, r...) }
func (r statusReply) document() any {
	if r == "OK" {
		return okReply{}.document()
	}
	return object{"value": string(r)}
}
func (statusReply) exit() int { return exitOK }

func (nilReply) text(dst []byte, _ form) []byte { return append(dst, "(nil)"...) }
func (nilReply) document() any                  { return object{"value": nil} }
func (nilReply) exit() int                      { return exitNotFound }

func (r listReply) text(dst []byte, f form) []byte {
	if len(r) == 0 {
		if f == formRaw {
			return dst
		}
		return append(dst, "(empty)"...)
	}
	for i, item := range r {
		switch f {
		case formTerminal:
			dst = words.Quote(number(dst, i, len(r)), item)
		case formLine:
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = words.Word(dst, item)
		default:
			if i > 0 {
				dst = append(dst, '\n')
			}
			dst = append(dst, item...)
		}
	}
	return dst
}

// document gives strings; if one is not UTF-8, all are given in base64 under another name.
func (r listReply) document() any {
	texts, coded := make([]string, len(r)), make([]string, len(r))
	valid := true
	for i, item := range r {
		valid = valid && utf8.Valid(item)
		texts[i], coded[i] = string(item), base64.StdEncoding.EncodeToString(item)
	}
	if !valid {
		return object{"value_base64": coded}
	}
	return object{"value": texts}
}
func (listReply) exit() int { return exitOK }

func (r repliesReply) text(dst []byte, f form) []byte {
	if len(r) == 0 {
		return append(dst, "(empty)"...)
	}
	for i, item := range r {
		switch {
		case f == formTerminal:
			dst = number(dst, i, len(r))
		case i > 0 && f == formLine:
			dst = append(dst, ' ')
		case i > 0:
			dst = append(dst, '\n')
		}
		dst = nested(dst, item, f, len(strconv.Itoa(len(r)))+len(") "))
	}
	return dst
}

// nested appends an element of a list, which may be a list: under its number and indented on a terminal, in
// brackets within a line.
func nested(dst []byte, item reply, f form, indent int) []byte {
	switch item := item.(type) {
	case bytesReply:
		if f == formLine {
			return words.Word(dst, item)
		}
	case listReply, repliesReply:
		text := item.text(nil, f)
		if f == formLine {
			return append(append(append(dst, '['), text...), ']')
		}
		if f == formTerminal {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\n"+strings.Repeat(" ", indent)))
		}
		return append(dst, text...)
	}
	return item.text(dst, f)
}

func (r repliesReply) document() any {
	docs := make([]any, len(r))
	for i, item := range r {
		docs[i] = item.document()
	}
	return object{"value": docs}
}
func (repliesReply) exit() int { return exitOK }

func (r errReply) text(dst []byte, _ form) []byte {
	line := "(error) " + r.Code + " " + r.Error()
	return append(dst, bytes.ReplaceAll([]byte(line), []byte("\n"), []byte(" "))...)
}
func (r errReply) document() any { return object{"error": r.failure} }
func (r errReply) exit() int     { return r.failure.exit }

func (r pageReply) text(dst []byte, f form) []byte {
	if f == formLine {
		return append(dst, encodeJSON(r.doc)...) // a page has many lines; its document has one
	}
	return append(dst, bytes.TrimRight([]byte(r.page), "\n")...)
}
func (r pageReply) document() any { return object{"value": r.doc} }
func (r pageReply) exit() int     { return r.code }

// number appends the position of an element as redis-cli does, aligned to the longest.
func number(dst []byte, i, n int) []byte {
	if i > 0 {
		dst = append(dst, '\n')
	}
	digits := strconv.Itoa(i + 1)
	for pad := len(strconv.Itoa(n)) - len(digits); pad > 0; pad-- {
		dst = append(dst, ' ')
	}
	return append(append(dst, digits...), ") "...)
}

// appendReply writes a reply and its line break.
func appendReply(dst []byte, r reply, f form) []byte {
	if f == formJSON {
		dst = append(dst, encodeJSON(r.document())...)
	} else {
		before := len(dst)
		dst = r.text(dst, f)
		if list, isList := r.(listReply); isList && len(list) == 0 && len(dst) == before {
			return dst // nothing, not an empty element
		}
	}
	return append(dst, '\n')
}

// encodeJSON writes v on one line. Every document here is made of maps, slices and scalars, which
// cannot fail to encode.
func encodeJSON(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(strconv.Quote(err.Error()))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
