package grpcserver

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/atollkv/atoll/server"
)

const (
	// intakeWait is how long a request waits for others before it is refused.
	intakeWait = 200 * time.Millisecond
	// refusedPause is how long a stream is not read after a request of it was refused unread:
	// who is turned away and comes back at once fills the memory with what is refused.
	refusedPause = 100 * time.Millisecond
	// smallBytes is below what a request neither counts nor waits: questions, deletions and
	// operators come through whatever others send.
	smallBytes = 4 << 10
	// largeBytes is from where a request is worth being refused unread: it carries values.
	largeBytes = 64 << 10
)

// intake bounds the bytes of the requests that are read and served at a time, over all
// connections. A request that must wait, or is refused, is neither copied nor decoded: a
// refusal costs less than what it refuses.
type intake struct {
	bytes *budget
	full  func() *server.Error // why no large request is let in now
}

func newIntake(limit int, full func() *server.Error) *intake {
	return &intake{bytes: &budget{limit: limit, queue: limit}, full: full}
}

// take waits for its turn. The error is a *server.Error, or that of ctx.
func (in *intake) take(ctx context.Context, n int) error {
	if n >= largeBytes {
		if refused := in.full(); refused != nil {
			return refused
		}
	}
	wait, cancel := context.WithTimeout(ctx, intakeWait)
	defer cancel()
	err := in.bytes.take(wait, n)
	if errors.Is(err, errQueueFull) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return server.Errorf(server.CodeMemory, "requests of %d bytes are being served, and as many wait", in.bytes.limit)
	}
	return err
}

// idOf reads the id of a StreamRequest that is not decoded; 0 is unknown. Encoders write
// fields in the order of their numbers, and this is the first.
func idOf(data mem.BufferSlice) uint64 {
	r := data.Reader()
	defer func() { _ = r.Close() }() // it only lets go of data
	var head [11]byte
	size, _ := r.Read(head[:]) // what is there counts
	number, kind, tag := protowire.ConsumeTag(head[:size])
	if number != 1 || kind != protowire.VarintType {
		return 0
	}
	id, n := protowire.ConsumeVarint(head[tag:size])
	if n < 0 {
		return 0
	}
	return id
}
