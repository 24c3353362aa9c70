package main

import (
	"context"
	"slices"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// command is one line of the table that drives one-shot use, shell, pipe, help and completion.
type command struct {
	name    string
	args    string // as printed: KEY VALUE [N] M…
	summary string
	example string
	group   string
	// min and max bound the number of arguments; max -1 is no bound.
	min, max int

	// A plain command is one operation at a node: op makes it, answer reads the result.
	op     func(args [][]byte) (*pb.Operation, error)
	answer func(*pb.Result) reply
	// inTxn tells that the operation may be part of a transaction.
	inTxn bool
	// writes tells that the operation changes the key.
	writes bool

	// run replaces op and answer for commands that are more than one operation.
	run func(ctx context.Context, s *session, args []string) reply
	// flags of the command itself, for help and completion; run reads them from args.
	flags []flagHelp
	// worded tells that the command is one of the Redis protocol, with the arguments that it has there.
	worded bool
	// differs says where it is not as in Redis.
	differs string
	// where tells where the command is offered; the zero value is everywhere.
	where place
}

type place int

const (
	everywhere place = iota
	onlyShell        // in shell and pipe
	onlyOnce         // on the command line of the system's shell
)

type flagHelp struct{ name, help string }

const (
	groupStrings    = "Strings and counters"
	groupSets       = "Sets"
	groupHashes     = "Hashes"
	groupSortedSets = "Sorted sets"
	groupLists      = "Lists"
	groupBounded    = "Bounded counters"
	groupGeo        = "Places"
	groupStreams    = "Streams"
	groupBits       = "Bits of strings"
	groupSketches   = "HyperLogLogs"
	groupKeys       = "Keys"
	groupCluster    = "The cluster"
	groupPlumbing   = "Here"
)

// commands is the table; init in this file fills it, because help reads the table that holds it.
var commands []*command

func init() {
	commands = slices.Concat(stringCommands(), setCommands(), hashCommands(), sortedSetCommands(), listCommands(), boundedCommands(), keyCommands(), namespaceCommands(), traceCommands(), expiryCommands(), clusterCommands(), clockCommands(), memberCommands(), verifyCommands(), backupCommands(), reloadCommands(), scrubCommands(), transferCommands(), localCommands())
	commands = append(commands, wordedCommands(commands)...)
}

func localCommands() []*command {
	return []*command{
		{name: "dev", group: groupPlumbing, max: -1, args: "[--regions R,…] | cut | heal | kill | stop | start | status",
			summary: "run regions on this machine and break their links", example: "atoll dev --regions us,eu,ap", run: runDev, where: onlyOnce, flags: devFlags},
		{name: "help", group: groupPlumbing, max: 1, args: "[COMMAND]",
			summary: "explain the commands, or one of them", example: "help sadd", run: runHelp},
		{name: "exit", group: groupPlumbing, summary: "leave the shell (also Ctrl-D)", example: "exit", where: onlyShell, run: runExit},
	}
}

// lookup finds a command by name in any case.
func lookup(name string, here place) (*command, *failure) {
	lower := strings.ToLower(name)
	for _, c := range commands {
		if c.name == lower && (c.where == everywhere || c.where == here) {
			return c, nil
		}
	}
	if lower == "dev" {
		return nil, usagef("dev does not work inside the shell").hint("run it in another terminal: atoll dev")
	}
	if lower == "select" {
		return nil, usagef("select is for the shell and for pipes").hint("use: atoll --namespace NAME COMMAND")
	}
	if why := elsewhere[lower]; why != "" {
		return nil, usagef("%s of the Redis protocol is not here", lower).hint("%s", why)
	}
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return nil, usagef("unknown command %q%s", name, didYouMean(lower, names(here))).hint("try: help")
}

func names(here place) []string {
	var out []string
	for _, c := range commands {
		if c.where == everywhere || c.where == here {
			out = append(out, c.name)
		}
	}
	return out
}

// checkCount says what is wrong with the number of arguments.
func (c *command) checkCount(n int) *failure {
	switch {
	case n < c.min:
		return usagef("%s needs more arguments", c.name).hint("use: %s", c.usage())
	case c.max >= 0 && n > c.max:
		return usagef("%s takes fewer arguments", c.name).hint("use: %s; quote words that hold blanks; flags go before the command", c.usage())
	}
	return nil
}

func (c *command) usage() string { return strings.TrimSpace(c.name + " " + c.args) }

// operation makes the operation of a plain command.
func (c *command) operation(args [][]byte) (*pb.Operation, *failure) {
	if f := c.checkCount(len(args)); f != nil {
		return nil, f
	}
	op, err := c.op(args)
	if err != nil {
		return nil, explain(err)
	}
	return op, nil
}

// execute runs the command and always has a reply.
func (c *command) execute(ctx context.Context, s *session, args [][]byte) reply {
	if c.run != nil {
		if f := c.checkCount(len(args)); f != nil {
			return errReply{f}
		}
		return c.run(ctx, s, texts(args))
	}
	op, f := c.operation(args)
	if f != nil {
		return errReply{f}
	}
	return s.ask(ctx, op, c.answer)
}

func texts(args [][]byte) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = string(a)
	}
	return out
}
