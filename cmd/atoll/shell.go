package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/internal/words"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// The shell looks at its node every lagEvery for the prompt, and waits keysWait for keys to complete.
const (
	lagEvery = time.Second
	keysWait = 100 * time.Millisecond
	keysMax  = 50
)

// shell is the conversation with a person on a terminal.
type shell struct {
	s      *session
	editor editor
	where  atomic.Pointer[string] // the prompt's words, kept fresh by watch
	alarm  atomic.Bool            // a region is out of reach
}

// runShell talks until exit or Ctrl-D. Errors of commands do not end it.
func runShell(ctx context.Context, s *session) int {
	sh := &shell{s: s}
	s.lines = func() ([]byte, error) {
		text, err := sh.editor.readLine("  txn> ")
		if errors.Is(err, errDropLine) {
			return []byte("discard"), nil
		}
		return []byte(text), err
	}
	sh.setWhere(strings.Join(s.opts.endpoints(), ","))
	if _, f := s.connect(ctx); f != nil {
		return fail(s, f) // nothing works without a node; say so before the first prompt
	}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); sh.watch(watching) }()
	defer func() { stop(); <-watched }()
	sh.look(ctx)
	sh.editor = newLineEditor(sh, historyPath(s.env))
	_, _ = fmt.Fprintln(s.err, `Type "help" for the commands, "exit" or Ctrl-D to leave.`)
	return sh.talk(ctx)
}

func (sh *shell) talk(ctx context.Context) int {
	for !sh.s.left {
		text, err := sh.editor.readLine(sh.prompt())
		switch {
		case errors.Is(err, errDropLine):
			continue
		case errors.Is(err, io.EOF):
			return exitOK
		case err != nil:
			return fail(sh.s, failf("INPUT", exitError, "read the terminal: %v", err))
		case strings.TrimSpace(text) == "":
			continue
		}
		if err := sh.run(ctx, text); err != nil {
			return fail(sh.s, explain(err))
		}
	}
	return exitOK
}

// run executes one line. Ctrl-C ends the command, not the shell.
func (sh *shell) run(ctx context.Context, text string) error {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt)
	defer cancel()
	cmd, args, f := parseLine([]byte(text))
	if f != nil {
		return sh.print(errReply{f})
	}
	if len(args) == 1 && string(args[0]) == "--help" {
		cmd, args = commandNamed("help"), [][]byte{[]byte(cmd.name)}
	}
	r := cmd.execute(ctx, sh.s, args)
	if sh.s.left {
		return nil
	}
	return sh.print(r)
}

// print shows errors where replies are: a person reads one stream.
func (sh *shell) print(r reply) error {
	out := appendReply(nil, r, sh.s.form)
	if _, isError := r.(errReply); isError && sh.s.color {
		out = append([]byte("\x1b[31m"), append(out, "\x1b[0m"...)...)
	}
	if _, err := sh.s.out.Write(out); err != nil {
		return err
	}
	return sh.s.out.Flush()
}

func commandNamed(name string) *command {
	c, _ := lookup(name, onlyShell)
	return c
}

func (sh *shell) prompt() string {
	p := *sh.where.Load()
	if n := sh.s.opts.namespace; n != namespace.DefaultText {
		p += "[" + n + "]"
	}
	p += "> "
	if sh.alarm.Load() && sh.s.color {
		return "\x1b[31m" + p + "\x1b[0m"
	}
	return p
}

func (sh *shell) setWhere(text string) { sh.where.Store(&text) }

// watch keeps the prompt fresh until ctx ends.
func (sh *shell) watch(ctx context.Context) {
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			sh.look(ctx)
		}
	}
}

// look asks the node where it is and how far behind the others.
func (sh *shell) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	lag, err := sh.s.node.Admin().Lag(ctx, &pb.LagRequest{})
	if err != nil {
		sh.alarm.Store(true)
		return
	}
	worst, silent := uint64(0), false
	for _, e := range lag.GetFrom() {
		worst = max(worst, e.GetBehindMs())
		silent = silent || !e.GetLive()
	}
	sh.alarm.Store(silent)
	where := nodeName(lag.GetRegion(), lag.GetNode())
	switch {
	case silent:
		where += " (a region is out of reach)"
	case len(lag.GetFrom()) > 0:
		where += " (lag " + period(worst) + ")"
	}
	sh.setWhere(where)
}

// hint shows the syntax of the command that is being typed.
func (sh *shell) hint(line string) string {
	name, _, typing := strings.Cut(strings.TrimLeft(line, " "), " ")
	if name == "" || !typing {
		return ""
	}
	c, f := lookup(name, onlyShell)
	if f != nil {
		return ""
	}
	return "\x1b[2m" + c.usage() + "  " + c.summary + "\x1b[0m"
}

// complete offers commands for the first word, and keys for the second where a key belongs.
func (sh *shell) complete(before string) []candidate {
	name, rest, behindName := strings.Cut(strings.TrimLeft(before, " "), " ")
	var out []candidate
	if !behindName {
		for _, c := range commands {
			if c.where != onlyOnce && strings.HasPrefix(c.name, strings.ToLower(name)) {
				out = append(out, candidate{c.name, c.summary})
			}
		}
		return out
	}
	c, f := lookup(name, onlyShell)
	switch {
	case f != nil:
		return nil
	case c.name == "help":
		for _, n := range names(onlyShell) {
			if strings.HasPrefix(n, rest) {
				out = append(out, candidate{n, ""})
			}
		}
	case c.takesKey(rest):
		return sh.keys(rest[strings.LastIndex(rest, " ")+1:])
	case c.worded:
		return c.literals(rest[strings.LastIndex(rest, " ")+1:])
	case strings.HasPrefix(c.args, "[--"):
		for _, fl := range c.flags {
			out = append(out, candidate{strings.Fields(fl.name)[0], fl.help})
		}
	}
	return out
}

// takesKey tells whether the last word of what stands behind the command is a key.
func (c *command) takesKey(rest string) bool {
	args := strings.ToUpper(c.args)
	return strings.HasPrefix(args, "KEY") && !strings.Contains(rest, " ") ||
		strings.HasPrefix(args, "KEY…") || strings.HasPrefix(args, "KEY [KEY")
}

// keys offers keys of the node, if it answers at once. Keys that need quotes are left out.
func (sh *shell) keys(prefix string) []candidate {
	ctx, cancel := context.WithTimeout(context.Background(), keysWait)
	defer cancel()
	op := pb.Operation_builder{Scan: pb.ScanRequest_builder{Prefix: []byte(prefix), Limit: keysMax}.Build()}.Build()
	result, err := sh.s.here().Do(ctx, op)
	if err != nil {
		return nil
	}
	var out []candidate
	for _, key := range result.GetScan().GetKeys() {
		if string(words.Word(nil, key)) == string(key) {
			out = append(out, candidate{string(key), ""})
		}
	}
	return out
}
