package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is read ahead. A batch is what is at hand, never waited for.
const (
	batchLinesMax = 512
	batchBytesMax = 256 << 10
	lineBytesMax  = 64 << 20
)

// errLineTooLong stands for a line that was skipped.
var errLineTooLong = fmt.Errorf("a line is longer than %d MiB", lineBytesMax>>20)

// line is one line of input, or the reason why there is none.
type line struct {
	text []byte
	err  error
}

// lineSource reads lines ahead of their use, one batch at a time, so that reading goes on while a batch is
// being run and a program that writes a line and waits for its reply gets it at once.
type lineSource struct {
	batches chan []line
	pending []line // owned by the caller of next
}

// newLineSource starts reading. The goroutine ends with the input; the process ends before it when it is
// interrupted in the middle of a read, which nothing else can end.
func newLineSource(in *bufio.Reader) *lineSource {
	src := &lineSource{batches: make(chan []line)}
	go src.read(in)
	return src
}

func (src *lineSource) read(in *bufio.Reader) {
	defer close(src.batches)
	for {
		var batch []line
		for bytesRead := 0; len(batch) < batchLinesMax && bytesRead < batchBytesMax; {
			l := readLine(in)
			batch = append(batch, l)
			if l.err != nil && !errors.Is(l.err, errLineTooLong) {
				src.batches <- batch
				return
			}
			bytesRead += len(l.text)
			if !holdsLine(in) {
				break
			}
		}
		src.batches <- batch
	}
}

// holdsLine tells whether another whole line can be read without waiting.
func holdsLine(in *bufio.Reader) bool {
	buffered, err := in.Peek(in.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}

// readLine reads a line without its line break. The last line may lack one.
func readLine(in *bufio.Reader) line {
	var text []byte
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if !tooLong {
			text = append(text, part...)
		}
		if len(text) > lineBytesMax {
			text, tooLong = nil, true
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (len(text) == 0 || !errors.Is(err, io.EOF)):
			return line{err: err}
		case tooLong:
			return line{err: errLineTooLong}
		}
		return line{text: bytes.TrimRight(text, "\r\n")}
	}
}

// next returns the next line; io.EOF when there is none.
func (src *lineSource) next(ctx context.Context) ([]byte, error) {
	if len(src.pending) == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case batch, open := <-src.batches:
			if !open {
				return nil, io.EOF
			}
			src.pending = batch
		}
	}
	l := src.pending[0]
	src.pending = src.pending[1:]
	return l.text, l.err
}

// atHand tells whether next would return without waiting for input.
func (src *lineSource) atHand() bool { return len(src.pending) > 0 }
