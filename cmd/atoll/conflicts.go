package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/words"
)

var conflictsFlags = []flagHelp{
	{"--after ID", "those after an id, the oldest first; without it the last ones"},
	{"--count N", "how many, up to 1000 (default 100)"},
}

// traceCommands tell what became of writes.
func traceCommands() []*command {
	return []*command{
		{name: "conflicts", args: "[--after ID] [--count N]", group: groupKeys, max: 4,
			summary: "list concurrent values that are not shown, as this node noticed them", example: "conflicts --count 20", run: runConflicts, flags: conflictsFlags},
		{name: "history", args: "KEY [--count N]", group: groupKeys, min: 1, max: 3,
			summary: "list what the op log of the node still has of a key, the newest update first", example: "history user:1", run: runHistory, flags: historyFlags},
	}
}

func runConflicts(ctx context.Context, s *session, args []string) reply {
	after, f := takeNumber(&args, "--after", 0)
	count, g := takeNumber(&args, "--count", 0)
	switch {
	case f != nil:
		return errReply{f}
	case g != nil:
		return errReply{g}
	case len(args) > 0:
		return errReply{usagef("unknown argument %q of conflicts%s", clip(args[0]), didYouMean(args[0], []string{"--after", "--count"}))}
	}
	if _, f := s.connect(ctx); f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	answer, err := s.here().Conflicts(ctx, after, int(min(count, 1<<31-1)))
	if err != nil {
		return errReply{explain(err)}
	}
	return conflictsReply(answer)
}

// takeNumber removes a flag and its number from args.
func takeNumber(args *[]string, name string, usual uint64) (uint64, *failure) {
	at := slices.Index(*args, name)
	if at < 0 {
		return usual, nil
	}
	if at+1 == len(*args) {
		return 0, usagef("%s needs a number", name)
	}
	n, err := strconv.ParseUint((*args)[at+1], 10, 64)
	if err != nil {
		return 0, usagef("%s: %q is not a whole number", name, clip((*args)[at+1]))
	}
	*args = slices.Delete(slices.Clone(*args), at, at+2)
	return n, nil
}

func conflictsReply(answer client.Conflicts) reply {
	t := table{}
	t.add("ID", "KEY", "NOT SHOWN", "WRITTEN IN", "AT", "SHOWN IS OF", "AT")
	docs := []object{}
	for _, x := range answer.List {
		t.add(fmt.Sprint(x.ID), conflictPlace(&x), conflictValue(&x), nodeName(x.Loser.Region, x.Loser.Node), stampTime(x.Loser.Stamp),
			nodeName(x.Winner.Region, x.Winner.Node), stampTime(x.Winner.Stamp))
		docs = append(docs, conflictDocument(&x))
	}
	var out strings.Builder
	if len(answer.List) > 0 {
		out.WriteString(t.String() + "\n")
	}
	if answer.Missed {
		out.WriteString("Some after that id are not kept any more.\n")
	}
	fmt.Fprintf(&out, "%s since this node started\n", count(answer.Total, "conflict"))
	return pageReply{page: out.String(), doc: object{"conflicts": docs, "total": answer.Total, "missed": answer.Missed}}
}

// conflictPlace names the cell.
func conflictPlace(x *client.Conflict) string {
	key := string(words.Quote(nil, []byte(x.Key)))
	switch x.Type {
	case "string":
		return key
	case "list":
		return key + " an element"
	default:
		return key + " " + string(words.Quote(nil, x.Cell))
	}
}

func conflictValue(x *client.Conflict) string {
	value := string(words.Quote(nil, x.Value))
	if x.Type != "zset" && x.Size > len(x.Value) {
		value += fmt.Sprintf("… (%d bytes)", x.Size)
	}
	return value
}

func conflictDocument(x *client.Conflict) object {
	doc := object{
		"id": x.ID, "at": x.At.UTC().Format(time.RFC3339Nano), "type": x.Type, "size": x.Size,
		"winner": writerDocument(x.Winner), "loser": writerDocument(x.Loser),
	}
	putBytes(doc, "key", []byte(x.Key))
	putBytes(doc, "value", x.Value)
	if x.Type != "string" {
		putBytes(doc, "cell", x.Cell)
	}
	return doc
}

// putBytes adds bytes to a document: as text, or where they are none under another name.
func putBytes(doc object, name string, b []byte) {
	if utf8.Valid(b) {
		doc[name] = string(b)
	} else {
		doc[name+"_base64"] = base64.StdEncoding.EncodeToString(b)
	}
}

func writerDocument(w client.Writer) object {
	return object{
		"time": stampTime(w.Stamp), "stamp": fmt.Sprint(w.Stamp), "origin": originID(w.Origin), "seq": w.Seq, "region": w.Region, "node": w.Node,
	}
}
