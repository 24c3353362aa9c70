package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// session is one run of the command line: its options, its streams, its connection.
type session struct {
	opts *options
	form form
	// place is where commands come from: the system's shell, or our own shell and pipes.
	place place
	in    *bufio.Reader
	out   *bufio.Writer
	err   io.Writer
	env   func(string) string
	color bool

	// lines reads the lines that follow a txn command.
	lines func() (line []byte, err error)
	node  *client.Client
	left  bool // exit was asked for
}

// connect dials on first use, so that help and mistakes in arguments need no node.
func (s *session) connect(ctx context.Context) (*client.Client, *failure) {
	if s.node != nil {
		return s.node, nil
	}
	if f := reach(ctx, s.opts.endpoints()); f != nil {
		return nil, f
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	node, err := client.Dial(ctx, s.opts.addr, client.ForOperators())
	if err != nil {
		return nil, explain(err)
	}
	s.node = node
	return node, nil
}

func (s *session) close() {
	if s.node != nil {
		_ = s.node.Close() // nothing is in flight and the process ends
	}
}

// do runs one operation within the time for one command; one that waits has a timeout of its own.
func (s *session) do(ctx context.Context, op *pb.Operation) (*pb.Result, *failure) {
	if _, f := s.connect(ctx); f != nil {
		return nil, f
	}
	if !client.Waits(op) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opts.timeout)
		defer cancel()
	}
	result, err := s.here().Do(ctx, op)
	if err != nil {
		return nil, explain(err)
	}
	return result, nil
}

func (s *session) ask(ctx context.Context, op *pb.Operation, answer func(*pb.Result) reply) reply {
	result, f := s.do(ctx, op)
	if f != nil {
		return errReply{f}
	}
	return answer(result)
}

// pager makes the operation for the page at a cursor, and the function that reads its result: the
// items of the page and the cursor of the next.
type pager func(cursor []byte) (*pb.Operation, func(*pb.Result) (items [][]byte, next []byte))

// pages reads all pages. A one-shot list in a pipe is written page by page, since it may be longer than
// memory; every other form needs the whole list.
func (s *session) pages(ctx context.Context, page pager) reply {
	list := listReply{}
	streams := s.form == formRaw
	for cursor := []byte(nil); ; {
		op, read := page(cursor)
		result, f := s.do(ctx, op)
		if f != nil {
			return errReply{f}
		}
		items, next := read(result)
		if streams {
			if err := s.writeItems(items); err != nil {
				return errReply{explain(err)}
			}
		} else {
			list = append(list, items...)
		}
		if len(next) == 0 {
			return list
		}
		cursor = next
	}
}

func (s *session) writeItems(items [][]byte) error {
	for _, item := range items {
		if _, err := s.out.Write(append(item, '\n')); err != nil {
			return err
		}
	}
	return s.out.Flush()
}

// print writes a reply where it belongs: data on standard output, errors of people on standard error.
func (s *session) print(r reply) error {
	human := s.form != formJSON
	switch r := r.(type) {
	case errReply:
		if human && s.form != formLine {
			return s.printError(r)
		}
	case quietReply:
		return s.out.Flush()
	case nilReply:
		if s.form == formRaw {
			_, err := io.WriteString(s.err, "(nil)\n") // an empty output must not look like a value
			return err
		}
	}
	if _, err := s.out.Write(appendReply(nil, r, s.form)); err != nil {
		return err
	}
	return s.out.Flush()
}

func (s *session) printError(r errReply) error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	text := r.Error()
	if r.exit() == exitError {
		text = "(error) " + r.Code + " " + text
	}
	if file, ok := s.err.(*os.File); ok && s.opts.colored(term.IsTerminal(int(file.Fd()))) {
		text = "\x1b[31m" + text + "\x1b[0m"
	}
	_, err := io.WriteString(s.err, text+"\n")
	return err
}

// isClosedPipe tells that the reader of our output left, as head does: that is no error.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
