package main

import (
	"slices"
	"strings"
	"unicode"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server/respserver"
)

// wordedCommands are the commands of the Redis protocol that the command line has no form of its own for. Their
// arguments are those of Redis; the node reads them.
func wordedCommands(own []*command) (list []*command) {
	named := func(name string) func(*command) bool {
		return func(c *command) bool { return c.name == name }
	}
	for _, d := range respserver.Documents() {
		if !d.Worded || elsewhere[d.Name] != "" || slices.ContainsFunc(own, named(d.Name)) {
			continue
		}
		list = append(list, &command{
			name: d.Name, args: d.Arguments, group: wordedGroups[d.Group], min: d.Min, max: d.Max, worded: true,
			summary: lowered(d.Summary), differs: d.Differs, writes: d.Writes, inTxn: d.Batched,
			op: wordedOp(d.Name), answer: func(r *pb.Result) reply { return valueReply(r.GetCommand().GetValue()) },
		})
	}
	return list
}

var wordedGroups = map[string]string{
	"string": groupStrings, "set": groupSets, "hash": groupHashes, "sorted-set": groupSortedSets, "list": groupLists, "stream": groupStreams, "geo": groupGeo,
	"bitmap": groupBits, "hyperloglog": groupSketches, "generic": groupKeys, "server": groupKeys,
}

// lowered begins a summary as those of the table do, and drops its full stop.
func lowered(summary string) string {
	runes := []rune(strings.TrimSuffix(summary, "."))
	if len(runes) > 1 && unicode.IsLower(runes[1]) {
		runes[0] = unicode.ToLower(runes[0])
	}
	return string(runes)
}

func wordedOp(name string) func([][]byte) (*pb.Operation, error) {
	return func(a [][]byte) (*pb.Operation, error) {
		words := append([][]byte{[]byte(name)}, a...)
		return pb.Operation_builder{Command: pb.CommandRequest_builder{Arguments: words}.Build()}.Build(), nil
	}
}

// valueReply is a reply of the Redis protocol.
func valueReply(v *pb.Value) reply {
	switch v.WhichKind() {
	case pb.Value_Integer_case:
		return intReply(v.GetInteger())
	case pb.Value_Text_case:
		return bytesReply(v.GetText())
	case pb.Value_Status_case:
		return statusReply(v.GetStatus())
	case pb.Value_Number_case:
		return scoreReply(v.GetNumber())
	case pb.Value_List_case:
		return valuesReply(v.GetList().GetValues())
	case pb.Value_Map_case:
		return valuesReply(v.GetMap().GetValues())
	default:
		return nilReply{}
	}
}

// valuesReply is a list of strings where all are, for which there is a shorter form.
func valuesReply(values []*pb.Value) reply {
	texts, mixed := listReply{}, repliesReply{}
	for _, v := range values {
		texts, mixed = append(texts, v.GetText()), append(mixed, valueReply(v))
	}
	if slices.ContainsFunc(values, func(v *pb.Value) bool { return !v.HasText() }) {
		return mixed
	}
	return texts
}

// literals offers the words of a command's arguments that stand for themselves, as completion of a word.
func (c *command) literals(word string) (out []candidate) {
	isLiteral := func(r rune) bool { return !unicode.IsUpper(r) }
	split := func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '_' && !unicode.IsDigit(r) }
	for _, w := range strings.FieldsFunc(c.args, split) {
		known := slices.ContainsFunc(out, func(x candidate) bool { return x.value == w })
		if !strings.ContainsFunc(w, isLiteral) && !known && strings.HasPrefix(w, strings.ToUpper(word)) {
			out = append(out, candidate{w, ""})
		}
	}
	return out
}
