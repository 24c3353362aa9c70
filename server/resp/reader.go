package resp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/atollkv/atoll/internal/words"
)

// ProtocolError is a violation of the protocol: the client is told, and the connection ends.
type ProtocolError struct{ text string }

// Error returns the text that Redis has for it.
func (e *ProtocolError) Error() string { return "Protocol error: " + e.text }

func protocolError(format string, args ...any) error {
	return &ProtocolError{fmt.Sprintf(format, args...)}
}

// ErrTLS is returned where a client begins a TLS handshake on a connection without TLS.
var ErrTLS = errors.New("TLS handshake on a plaintext connection")

// Command is one command with its arguments, the first of which is its name.
type Command struct {
	// Args are the caller's to keep.
	Args [][]byte
	// Dropped is the length of the first argument that was not kept because it, or the
	// command with it, is above a limit; 0 is none. Args is incomplete then.
	Dropped int
	// Refused tells that an argument was not kept because there was no memory for it.
	Refused bool
}

const (
	// bufferBytes is what a reader buffers.
	bufferBytes = 8 << 10
	// firstBytes is what an argument is given before any of it has arrived.
	firstBytes = 16 << 10
	// firstArgs is the same for the list of arguments.
	firstArgs = 16
)

// Reader reads commands.
type Reader struct {
	// Take is asked before an argument takes n bytes more; false drops the argument. Small
	// arguments take nothing. Nil lets everything in.
	Take func(n int) bool

	in   *bufio.Reader
	head [headerBytes]byte // the header read last
}

// NewReader returns a reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(r, bufferBytes)} }

// Await waits until there is something to read.
func (r *Reader) Await() error {
	_, err := r.in.Peek(1)
	return err
}

// Buffered is how many bytes have been read from below and not been used yet.
func (r *Reader) Buffered() int { return r.in.Buffered() }

// Read reads the next command; one without arguments is to be ignored. The error is a
// *ProtocolError, ErrTLS, or that of the reader below: io.EOF only between two commands.
func (r *Reader) Read(l *Limits) (Command, error) {
	first, err := r.in.ReadByte()
	if err != nil {
		return Command{}, err
	}
	if err := r.in.UnreadByte(); err != nil {
		return Command{}, err
	}
	switch first {
	case '*':
		return r.multibulk(l)
	case 0x16: // a TLS record of type handshake
		return Command{}, ErrTLS
	default:
		return r.inline()
	}
}

// line reads up to the terminator, which is cut off. A line above LineBytes is refused as tooBig.
func (r *Reader) line(terminator byte, tooBig string) ([]byte, error) {
	var long []byte
	for {
		part, err := r.in.ReadSlice(terminator)
		if len(bytes.TrimSuffix(part, []byte{terminator}))+len(long) > LineBytes {
			return nil, protocolError("%s", tooBig)
		}
		switch {
		case err == nil && long == nil:
			return part[:len(part)-1], nil
		case err == nil:
			return append(long, part[:len(part)-1]...), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, cutShort(err)
		}
		long = append(long, part...)
		if len(long) < LineBytes {
			continue
		}
		// To wait for a whole buffer more would be to wait for ever.
		if next, err := r.in.Peek(1); err == nil && next[0] != terminator {
			return nil, protocolError("%s", tooBig)
		}
	}
}

// cutShort tells the end of the input within a command from one between two.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) inline() (Command, error) {
	line, err := r.line('\n', "too big inline request")
	if err != nil {
		return Command{}, err
	}
	args, err := words.Split(bytes.TrimSuffix(line, []byte("\r")))
	if err != nil {
		return Command{}, protocolError("unbalanced quotes in request")
	}
	return Command{Args: args}, nil
}

// header reads a line like "*3" or "$5" up to its CR; the byte behind it is skipped, as in Redis. It is
// valid until the next header.
func (r *Reader) header(tooBig string) ([]byte, error) {
	line, err := r.line('\r', tooBig)
	if err != nil {
		return nil, err
	}
	line = r.head[:copy(r.head[:], line)] // reading on overwrites it
	if _, err := r.in.Discard(1); err != nil {
		return nil, cutShort(err)
	}
	return line, nil
}

// headerBytes is beyond the longest header that means something.
const headerBytes = 32

func (r *Reader) multibulk(l *Limits) (Command, error) {
	line, err := r.header("too big mbulk count string")
	if err != nil {
		return Command{}, err
	}
	n, ok := length(line)
	switch {
	case !ok || n > int64(l.Args):
		return Command{}, protocolError("invalid multibulk length")
	case l.Guest && n > guestArgs:
		return Command{}, protocolError("unauthenticated multibulk length")
	case n <= 0:
		return Command{}, nil
	}
	c := Command{Args: make([][]byte, 0, min(n, firstArgs))}
	kept := 0
	for range n {
		arg, err := r.bulk(l, &c, &kept)
		if err != nil {
			return Command{}, err
		}
		if c.Dropped == 0 && !c.Refused {
			c.Args = append(c.Args, arg)
		}
	}
	return c, nil
}

// length reads the number behind the first byte of a header, in the one form that Redis accepts: no plus
// sign, no leading zeros.
func length(header []byte) (n int64, ok bool) {
	if len(header) < 2 {
		return 0, false
	}
	digits := header[1:]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	canonical := digits[0] != '+' && (digits[0] != '0' || len(digits) == 1) && !bytes.HasPrefix(digits, []byte("-0"))
	return n, err == nil && canonical
}

// bulk reads one argument, or drops it.
func (r *Reader) bulk(l *Limits, c *Command, kept *int) ([]byte, error) {
	line, err := r.header("too big bulk count string")
	if err != nil {
		return nil, err
	}
	if len(line) == 0 || line[0] != '$' {
		return nil, protocolError("expected '$', got '%s'", line[:min(1, len(line))])
	}
	n64, ok := length(line)
	switch {
	case !ok || n64 < 0 || n64 > int64(l.BulkBytes):
		return nil, protocolError("invalid bulk length")
	case l.Guest && n64 > guestBulkBytes:
		return nil, protocolError("unauthenticated bulk length")
	}
	n := int(n64)
	if c.Dropped == 0 && (n > l.KeepBytes || *kept+n > l.CommandBytes) {
		c.Dropped = n
	}
	*kept += n
	var arg []byte
	if c.Dropped > 0 || c.Refused {
		_, err = r.in.Discard(n)
	} else {
		arg, err = r.content(n, c)
	}
	if err != nil {
		return nil, cutShort(err)
	}
	return arg, r.crlf()
}

// content reads n bytes. Memory grows as they arrive.
func (r *Reader) content(n int, c *Command) ([]byte, error) {
	b := make([]byte, min(n, firstBytes))
	for have := 0; ; {
		if _, err := io.ReadFull(r.in, b[have:]); err != nil {
			return nil, err
		}
		if have = len(b); have == n {
			return b, nil
		}
		next := min(n, 2*have)
		if r.Take != nil && !r.Take(next-have) {
			c.Refused = true
			_, err := r.in.Discard(n - have)
			return nil, err
		}
		b = append(make([]byte, 0, next), b...)[:next]
	}
}

// crlf reads the end of an argument.
func (r *Reader) crlf() error {
	var end [2]byte
	if _, err := io.ReadFull(r.in, end[:]); err != nil {
		return cutShort(err)
	}
	if end != [2]byte{'\r', '\n'} {
		return protocolError("expected CRLF after bulk")
	}
	return nil
}
