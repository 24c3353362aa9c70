package grpcserver

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// errReply reports a reply that is not of the protocol.
var errReply = errors.New("malformed reply")

// valueOf reads a reply in version 3 of the Redis protocol. One that is an error is returned as such.
func valueOf(reply []byte) (*pb.Value, error) {
	v, rest, err := readValue(reply)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes behind it", errReply, len(rest))
	}
	return v, err
}

func readValue(b []byte) (v *pb.Value, rest []byte, err error) {
	line, rest, complete := bytes.Cut(b, []byte("\r\n"))
	if !complete || len(line) == 0 {
		return nil, nil, fmt.Errorf("%w: no line", errReply)
	}
	kind, text := line[0], line[1:]
	switch kind {
	case '_':
		return &pb.Value{}, rest, nil
	case '+':
		status := string(text)
		return pb.Value_builder{Status: &status}.Build(), rest, nil
	case '-':
		return nil, nil, server.Errorf(server.CodeInvalid, "%s", strings.TrimPrefix(string(text), "ERR "))
	case ',':
		f, err := strconv.ParseFloat(string(text), 64)
		return pb.Value_builder{Number: &f}.Build(), rest, err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", errReply, err)
	case kind == ':':
		return pb.Value_builder{Integer: &n}.Build(), rest, nil
	case n < 0 || n > int64(len(rest)):
		return nil, nil, fmt.Errorf("%w: length %d", errReply, n)
	case kind == '$' && !bytes.HasPrefix(rest[n:], []byte("\r\n")):
		return nil, nil, fmt.Errorf("%w: no end of %d bytes", errReply, n)
	case kind == '$':
		return pb.Value_builder{Text: rest[:n:n]}.Build(), rest[n+2:], nil
	case kind == '*' || kind == '~':
		list, rest, err := readValues(rest, n)
		return pb.Value_builder{List: list}.Build(), rest, err
	case kind == '%':
		list, rest, err := readValues(rest, 2*n)
		return pb.Value_builder{Map: list}.Build(), rest, err
	default:
		return nil, nil, fmt.Errorf("%w: kind %q", errReply, kind)
	}
}

func readValues(b []byte, n int64) (list *pb.ValueList, rest []byte, err error) {
	values := make([]*pb.Value, n)
	for i := range values {
		if values[i], b, err = readValue(b); err != nil {
			return nil, nil, err
		}
	}
	return pb.ValueList_builder{Values: values}.Build(), b, nil
}
