package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/term"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = ""

func main() {
	// Writing to a pipe whose reader left then returns an error instead of ending the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run is the whole program behind its streams, and returns the exit code.
func run(args []string, stdin, stdout *os.File, stderr io.Writer, getenv func(string) string) int {
	s := &session{opts: defaultOptions(), in: bufio.NewReaderSize(stdin, batchBytesMax), out: bufio.NewWriterSize(stdout, batchBytesMax), err: stderr, env: getenv, place: onlyOnce}
	defer s.close()
	onTerminal := term.IsTerminal(int(stdout.Fd()))
	s.form = formRaw
	if onTerminal {
		s.form = formTerminal
	}
	f := s.opts.readEnviron(getenv)
	var rest []string
	if f == nil {
		rest, f = s.opts.readFlags(args)
	}
	s.adapt(onTerminal)
	switch {
	case f != nil:
		return fail(s, f)
	case s.opts.version:
		return finish(s, pageReply{page: "atoll " + versionText(), doc: versionText()})
	case s.opts.help:
		return finish(s, runHelp(context.Background(), s, rest[:min(1, len(rest))]))
	case len(rest) > 0:
		return once(s, rest)
	}
	return converse(s, stdin, onTerminal)
}

// adapt settles the form and the colours once the flags are known.
func (s *session) adapt(onTerminal bool) {
	if s.opts.output == "json" {
		s.form = formJSON
	}
	s.color = s.form == formTerminal && s.opts.colored(onTerminal)
}

// once runs the command of the command line.
func once(s *session, rest []string) int {
	cmd, f := lookup(rest[0], onlyOnce)
	if f != nil {
		return fail(s, f)
	}
	args := rest[1:]
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return finish(s, runHelp(context.Background(), s, []string{cmd.name}))
	}
	if cmd.takesFlags() {
		if args, f = s.opts.trailing(args); f != nil {
			return fail(s, f)
		}
		s.adapt(s.form == formTerminal)
		if s.opts.help {
			return finish(s, runHelp(context.Background(), s, []string{cmd.name}))
		}
	}
	s.lines = func() ([]byte, error) {
		l := readLine(s.in)
		return l.text, l.err
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	raw := make([][]byte, len(args))
	for i, a := range args {
		raw[i] = []byte(a)
	}
	return finish(s, cmd.execute(ctx, s, raw))
}

// takesFlags tells whether flags may stand behind the command: where no argument is data.
func (c *command) takesFlags() bool {
	return c.group == groupCluster || c.name == "dev" || c.name == "help" || c.name == "txn"
}

// interruptible ends the command on a signal. A command that waits for input cannot see that, so it gets
// the signal's own effect; nothing is half done before its input has ended.
func interruptible(cmd *command) (context.Context, func()) {
	if cmd.name == "txn" {
		return context.Background(), func() {}
	}
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// converse is atoll without a command: a shell, or a pipe of commands.
func converse(s *session, stdin *os.File, onTerminal bool) int {
	s.place = onlyShell
	if term.IsTerminal(int(stdin.Fd())) {
		if s.form == formRaw {
			s.form = formLine
		}
		return runShell(context.Background(), s)
	}
	if info, err := stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		_, _ = io.WriteString(s.err, usageText) // neither a person nor a pipe: /dev/null, or closed
		return fail(s, usagef("no command, and nothing to read commands from"))
	}
	if s.form == formRaw {
		s.form = formLine
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return runPipe(ctx, s)
}

// finish prints the last reply and returns its exit code.
func finish(s *session, r reply) int {
	switch err := s.print(r); {
	case isClosedPipe(err):
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintf(s.err, "write the reply: %v\n", err)
		return exitError
	}
	return r.exit()
}

func fail(s *session, f *failure) int { return finish(s, errReply{f}) }

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
