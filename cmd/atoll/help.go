package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func runHelp(_ context.Context, s *session, args []string) reply {
	if len(args) == 0 {
		return pageReply{page: helpAll(s.place), doc: helpDocuments(s.place)}
	}
	c, f := lookup(args[0], s.place)
	if f != nil {
		return errReply{f}
	}
	return pageReply{page: c.help(), doc: c.document()}
}

func runExit(_ context.Context, s *session, _ []string) reply {
	s.left = true
	return okReply{}
}

// helpAll lists every command by group; on the command line also flags and exit codes.
func helpAll(here place) string {
	var out strings.Builder
	if here == onlyOnce {
		out.WriteString(usageText)
	}
	for _, group := range []string{groupStrings, groupSets, groupHashes, groupSortedSets, groupLists, groupStreams, groupBounded, groupGeo, groupBits, groupSketches, groupKeys, groupCluster, groupPlumbing} {
		t := table{}
		for _, c := range commands {
			if c.group == group && (c.where == everywhere || c.where == here) {
				t.add("  "+shorten(c.usage(), 34), c.summary)
			}
		}
		out.WriteString("\n" + group + "\n" + t.String())
	}
	if here == onlyOnce {
		out.WriteString("\nFlags, in front of the command\n")
		for _, opt := range globalOptions {
			out.WriteString(flagLine(opt) + "\n")
		}
		out.WriteString("\nExit codes: 0 done or true, 1 error, 2 usage, 3 not found, 4 unavailable or timeout, 5 refused, 130 interrupted\n")
	}
	return strings.TrimLeft(out.String(), "\n")
}

const usageText = `atoll: the command line of Atoll, a key-value store that is written in every region at once

  atoll [FLAGS] COMMAND [ARG …]   run one command
  atoll [FLAGS]                   a shell; if the input is no terminal, one command a line
  atoll dev                       start three regions on this machine
  atoll help COMMAND              explain one command
`

func shorten(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

func (c *command) help() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n  %s\n", c.usage(), c.summary)
	if len(c.flags) > 0 {
		t := table{}
		for _, f := range c.flags {
			t.add("  "+f.name, f.help)
		}
		out.WriteString("\n" + t.String())
	}
	if c.worded {
		out.WriteString("\nas in the Redis protocol, see docs/redis.md\n")
	}
	if c.differs != "" {
		out.WriteString("\n" + c.differs + "\n")
	}
	if c.example != "" {
		fmt.Fprintf(&out, "\nexample: %s\n", c.example)
	}
	return out.String()
}

func (c *command) document() object {
	flags := []object{}
	for _, f := range c.flags {
		flags = append(flags, object{"flag": f.name, "help": f.help})
	}
	return object{"name": c.name, "args": c.args, "summary": c.summary, "example": c.example, "group": c.group, "flags": flags}
}

func helpDocuments(here place) []object {
	docs := []object{}
	for _, c := range commands {
		if c.where == everywhere || c.where == here {
			docs = append(docs, c.document())
		}
	}
	return docs
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
