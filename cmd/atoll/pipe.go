package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/atollkv/atoll/internal/words"
)

// readsInFlight bounds the reads of a pipe that are at the node at a time.
const readsInFlight = 64

// pipe runs one command a line and prints one reply a line, in order.
//
// Invariant: commands take effect in the order of their lines; a command sees what stands above it. To
// be fast all the same, neighbouring commands go to the node as one transaction, which keeps their order
// and costs one sync to disk. When the node refuses it, it is split until the refused command stands
// alone. Reads among themselves need no order and go side by side.
type pipe struct {
	s     *session
	lines *lineSource
	queue []queued // commands not yet run; all may be part of a transaction

	ran, failed int
	first       string // the first failure, for the summary
}

// runPipe runs the lines of the standard input and returns the exit code: 1 if any command failed.
func runPipe(ctx context.Context, s *session) int {
	p := &pipe{s: s, lines: newLineSource(s.in)}
	s.lines = func() ([]byte, error) { return p.lines.next(ctx) }
	for !s.left {
		text, err := p.lines.next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case ctx.Err() != nil:
			return exitInterrupted
		case errors.Is(err, errLineTooLong):
			err = p.alone(ctx, func() reply { return errReply{usagef("%v", errLineTooLong)} })
		case err != nil:
			return p.broken(failf("INPUT", exitError, "read standard input: %v", err))
		default:
			err = p.line(ctx, text)
		}
		if err != nil {
			return p.broken(err)
		}
	}
	if err := p.runQueue(ctx); err != nil {
		return p.broken(err)
	}
	return p.summary(ctx)
}

// line takes one line: into the queue if it can wait for its neighbours, else it runs at once.
func (p *pipe) line(ctx context.Context, text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return p.settle(ctx)
	}
	if _, f := p.s.connect(ctx); f != nil {
		return f // only the first line can fail here: a client that was connected once reconnects
	}
	cmd, args, f := parseLine(text)
	if f == nil && cmd.inTxn {
		var q queued
		if q, f = prepare(cmd, args); f == nil {
			p.queue = append(p.queue, q)
			return p.settle(ctx)
		}
	}
	if f != nil {
		return p.alone(ctx, func() reply { return errReply{f} })
	}
	return p.alone(ctx, func() reply { return cmd.execute(ctx, p.s, args) })
}

func parseLine(text []byte) (*command, [][]byte, *failure) {
	split, err := words.Split(text)
	if err != nil {
		return nil, nil, usagef("%v", err).hint(`quote as in: set greeting "hello world"`)
	}
	cmd, f := lookup(string(split[0]), onlyShell)
	return cmd, split[1:], f
}

func prepare(cmd *command, args [][]byte) (queued, *failure) {
	op, f := cmd.operation(args)
	return queued{cmd, op}, f
}

// settle runs the queue when it is full or when no further line is at hand.
func (p *pipe) settle(ctx context.Context) error {
	if p.lines.atHand() && len(p.queue) < batchLinesMax {
		return nil
	}
	if err := p.runQueue(ctx); err != nil {
		return err
	}
	if p.lines.atHand() {
		return nil
	}
	return p.s.out.Flush()
}

// alone runs what cannot share a transaction, behind everything before it.
func (p *pipe) alone(ctx context.Context, run func() reply) error {
	if err := p.runQueue(ctx); err != nil {
		return err
	}
	if err := p.s.out.Flush(); err != nil { // it may take long
		return err
	}
	if r := run(); !p.s.left {
		if err := p.print(r); err != nil {
			return err
		}
	}
	return p.settle(ctx)
}

func (p *pipe) runQueue(ctx context.Context) error {
	queue := p.queue
	p.queue = nil
	for _, r := range p.s.inOrder(ctx, queue) {
		if err := p.print(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipe) print(r reply) error {
	p.ran++
	if e, isError := r.(errReply); isError {
		p.failed++
		if p.first == "" {
			p.first = fmt.Sprintf("number %d: %s %s", p.ran, e.Code, e.Error())
		}
	}
	_, err := p.s.out.Write(appendReply(nil, r, p.s.form))
	return err
}

// broken ends the pipe when its input or output fails, or when there is no node to begin with.
func (p *pipe) broken(err error) int {
	if isClosedPipe(err) {
		return exitOK
	}
	r := errReply{explain(err)}
	if p.s.form == formJSON {
		_ = p.s.print(r) // the output may be what is broken
	} else {
		_ = p.s.printError(r)
	}
	return r.exit()
}

func (p *pipe) summary(ctx context.Context) int {
	err := p.s.out.Flush()
	switch {
	case isClosedPipe(err):
		return exitOK
	case err != nil:
		return p.broken(err)
	case ctx.Err() != nil:
		return exitInterrupted
	case p.failed == 0:
		return exitOK
	}
	if p.s.form != formJSON {
		_, _ = fmt.Fprintf(p.s.err, "%d of %s failed; the first was %s\n", p.failed, count(uint64(p.ran), "command"), p.first)
	}
	return exitError
}

// inOrder runs commands so that each sees the effects of those before it, and returns their replies.
func (s *session) inOrder(ctx context.Context, queue []queued) []reply {
	writes := false
	for _, q := range queue {
		writes = writes || q.cmd.writes
	}
	switch {
	case len(queue) == 0:
		return nil
	case len(queue) == 1:
		return []reply{s.ask(ctx, queue[0].op, queue[0].cmd.answer)}
	case !writes:
		return s.sideBySide(ctx, queue)
	}
	replies, f := s.together(ctx, queue)
	switch {
	case f == nil:
		return replies
	case refusedAsWhole(f.Code):
		half := len(queue) / 2
		return append(s.inOrder(ctx, queue[:half]), s.inOrder(ctx, queue[half:])...)
	}
	replies = make([]reply, len(queue))
	for i := range replies {
		replies[i] = errReply{f}
	}
	return replies
}

// refusedAsWhole tells whether a transaction with this error changed nothing, and parts of it may do.
func refusedAsWhole(code string) bool {
	switch code {
	case "WRONGTYPE", "NOTINT", "NOKEY", "OVERFLOW", "TOOLARGE", "INVALID":
		return true
	}
	return false
}

// sideBySide runs reads at the same time.
func (s *session) sideBySide(ctx context.Context, queue []queued) []reply {
	replies := make([]reply, len(queue))
	if _, f := s.connect(ctx); f != nil {
		for i := range replies {
			replies[i] = errReply{f}
		}
		return replies
	}
	var wait sync.WaitGroup
	places := make(chan struct{}, readsInFlight)
	for i, q := range queue {
		places <- struct{}{}
		wait.Go(func() {
			replies[i] = s.ask(ctx, q.op, q.cmd.answer)
			<-places
		})
	}
	wait.Wait()
	return replies
}
